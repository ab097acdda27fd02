"""`/memory`, *Remember this* and incognito mode: what people may do with what is remembered."""

import pytest
from simcord.components import walk_components
from simcord.results import InteractionResult
from sqlalchemy import select, text

from bot.app.wiring import worker
from db.models import JobStatus, Memory
from db.session import Sessions
from tests.cogs.concurrent import actor, invent, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, shown
from tests.cogs.test_memory import ASKED, SAID, count, only_memory, reply_text
from tests.services.job_support import until


async def test_memories_are_listed_searched_and_suggested_to_their_user_only(
    house: House,
) -> None:
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    pass_debounce(house)
    await house.alice.send(house.lobby, "@Bex noodles with chilli please")

    every = reply_text(await house.alice.slash(house.lobby, "memory list"))
    bexs = reply_text(await house.alice.slash(house.lobby, "memory list", personality="Bex"))
    matches = reply_text(
        await house.alice.slash(house.lobby, "memory search", words="ships and sisters")
    )
    bobs = reply_text(await house.bob.slash(house.lobby, "memory list"))
    typed = await house.alice.autocomplete(house.lobby, "memory forget", "memory", "noodles")
    bobs_typed = await house.bob.autocomplete(house.lobby, "memory forget", "memory", "noodles")

    assert every.index("noodles") < every.index(SAID)
    assert SAID not in bexs
    assert matches.index(SAID) < matches.index("noodles")
    assert bobs.strip().startswith("*Nothing yet.*")
    assert typed[0]["name"].startswith("Bex: alice: @Bex noodles")
    assert bobs_typed == []


async def test_a_memory_is_put_right_locked_and_forgotten(house: House) -> None:
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    key = await only_memory(house)

    form = await house.alice.slash(house.lobby, "memory edit", memory=key)
    await house.alice.submit_modal(form, {"content": "Ottilie sails the Petrel"})
    locked = reply_text(await house.alice.slash(house.lobby, "memory lock", memory=key))
    refused = reply_text(await house.alice.slash(house.lobby, "memory forget", memory=key))
    form = await house.alice.slash(house.lobby, "memory edit", memory=key)
    unchanged = reply_text(await house.alice.submit_modal(form, {"content": "something else"}))
    listed = reply_text(await house.alice.slash(house.lobby, "memory list"))
    unlocked = reply_text(await house.alice.slash(house.lobby, "memory lock", memory=key))
    forgotten = reply_text(await house.alice.slash(house.lobby, "memory forget", memory=key))

    assert locked.startswith("Locked")
    assert "is locked" in refused
    assert "is locked" in unchanged
    assert "🔒" in listed
    assert "Ottilie sails the Petrel" in listed
    assert unlocked.startswith("Unlocked")
    assert forgotten.startswith("Forgotten")
    assert "Nothing yet" in reply_text(await house.alice.slash(house.lobby, "memory list"))


async def test_memories_are_browsed_by_person_kind_and_time(
    house: House, sessions: Sessions
) -> None:
    for number in range(12):
        pass_debounce(house)
        await house.alice.send(house.lobby, f"@Mirela gull number {number}")
    pass_debounce(house)
    await house.alice.send(house.lobby, "@Bex noodles with chilli please")
    async with sessions.begin() as session:
        old = text("UPDATE memories SET created_at = now() - interval '2 years', is_pinned = true")
        await session.execute(text(f"{old} WHERE content LIKE '%number 7%'"))

    opened = await house.alice.slash(house.lobby, "memory list")
    first, count = reply_text(opened), embed(opened).footer.text
    await house.alice.click(answer(opened), label="Next")
    second = reply_text(opened)
    await choose(house, opened, "Bex (1)")
    bexs = reply_text(opened)
    await choose(house, opened, "Of everybody")
    await choose(house, opened, "Pinned")
    pinned = reply_text(opened)
    await choose(house, opened, "From the last year")
    recent = reply_text(opened)

    assert "noodles" in first
    assert "number 11" in first
    assert count == "13 in all · page 1 of 2"
    assert "number 7" in second
    assert "number 11" not in second
    assert "noodles" in bexs
    assert "number" not in bexs
    assert "number 7" in pinned
    assert "number 8" not in pinned
    assert "Nothing of this kind" in recent


async def choose(house: House, opened: InteractionResult, label: str) -> None:
    """Choose an option of one of the menus below a list."""
    menus = [each for each in walk_components(answer(opened).components) if "options" in each]
    menu, option = next(
        (each, option) for each in menus for option in each["options"] if option["label"] == label
    )
    await house.alice.select(answer(opened), [option["value"]], custom_id=menu["custom_id"])


async def test_own_personalities_share_what_they_were_told_if_one_wants_it(house: House) -> None:
    for name in ("Ada", "Zed"):
        await invent(house, house.alice, name)
    other = house.guild.create_text_channel("other")
    for who, words in ((house.alice, "my cat is called Pounce"), (house.bob, "I live in Paris")):
        pass_debounce(house)
        await who.send(other, f"@Ada {words}")
    pass_debounce(house)
    await house.alice.user.send_dm("@Ada my cat is secretly a spy")

    async def asked(name: str) -> str:
        pass_debounce(house)
        await house.alice.send(house.lobby, f"@{name} what of my cat Pounce, the spy?")
        return house.openai.prompts[-1]

    before = await asked("Zed")
    shared = content_of(await house.alice.slash(house.lobby, "memory share"))
    after, of_others = await asked("Zed"), await asked("Mirela")
    ended = content_of(await house.alice.slash(house.lobby, "memory share"))

    assert "cat is called Pounce" not in before
    assert "known to all of them" in shared
    assert "cat is called Pounce" in after.partition("You remember")[2]
    assert "Paris" not in after
    assert "secretly" not in after
    assert "cat is called Pounce" not in of_others
    assert "that one alone" in ended
    assert "cat is called Pounce" not in await asked("Zed")


@pytest.mark.parametrize("command", ["memory edit", "memory lock", "memory forget"])
async def test_nobody_touches_the_memories_of_others(house: House, command: str) -> None:
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    key = await only_memory(house)

    strangers = reply_text(await house.bob.slash(house.lobby, command, memory=key))
    nonsense = reply_text(await house.bob.slash(house.lobby, command, memory="no key"))

    assert strangers.strip() == nonsense.strip() == "There is no such memory of you."


async def test_purging_leaves_what_is_locked(house: House, sessions: Sessions) -> None:
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    await house.alice.slash(house.lobby, "memory lock", memory=await only_memory(house))
    await house.alice.send(house.lobby, "@Bex noodles")
    await house.bob.send(house.lobby, "@Bex noodles")

    confirmation = await house.alice.slash(house.lobby, "memory purge")
    assert confirmation.response is not None
    await house.alice.click(confirmation.response, label="Forget")

    async with sessions() as session:
        left = [*await session.scalars(select(Memory.content).order_by(Memory.created_at))]
    assert [each.splitlines()[0] for each in left] == [
        f"alice: @Mirela {SAID}",
        "bob: @Bex noodles",
    ]


async def test_what_one_asks_to_be_remembered_is_where_it_may_be(house: House) -> None:
    elsewhere = house.env.create_guild("Elsewhere")
    alice_there = elsewhere.add_member(house.alice.user)
    added = await house.alice.slash(
        house.lobby, "memory add", personality="Mirela", text=SAID, pin=True
    )

    await house.alice.send(house.lobby, "@Mirela good morning")
    await house.bob.send(house.lobby, "@Mirela good morning")
    await alice_there.send(elsewhere.create_text_channel("lobby"), "@Mirela good morning")
    await house.alice.user.send_dm("@Mirela good morning")

    assert reply_text(added) == "**Mirela** always knows it, in this server."
    assert [SAID in prompt for prompt in house.openai.prompts] == [True, False, False, False]


async def test_what_is_pinned_is_told_until_it_is_unpinned(house: House) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Mirela {SAID}")
    (memory, _), *_ = await house.services.memory.list_memories(actor(house.alice), None)

    pinned = await house.alice.slash(house.lobby, "memory pin", memory=str(memory.id))
    await house.alice.send(house.lobby, "@Mirela good morning")
    listed = await house.alice.slash(house.lobby, "memory list")
    unpinned = await house.alice.slash(house.lobby, "memory pin", memory=str(memory.id))
    pass_debounce(house)
    await house.alice.send(house.lobby, "@Mirela good evening")

    assert reply_text(pinned).startswith("Pinned")
    assert reply_text(unpinned).startswith("Unpinned")
    assert "📌 **Mirela**" in reply_text(listed)
    assert [SAID in prompt for prompt in house.openai.prompts[1:]] == [True, False]


async def test_what_cannot_be_remembered_is_refused_in_words(house: House) -> None:
    await invent(house, house.alice, "Sieve", memory_enabled=False)
    add = {"text": SAID}

    off = await house.alice.slash(house.lobby, "memory add", personality="Sieve", **add)
    blank = await house.alice.slash(house.lobby, "memory add", personality="Mirela", text="\u200b")
    for number in range(20):
        await house.alice.slash(
            house.lobby, "memory add", personality="Mirela", text=f"{number}", pin=True
        )
    many = await house.alice.slash(house.lobby, "memory add", personality="Mirela", pin=True, **add)
    await house.moderator.slash(house.lobby, "server settings", memories=False)
    forbidden = await house.alice.slash(house.lobby, "memory add", personality="Mirela", **add)
    await house.alice.slash(house.lobby, "memory incognito")
    incognito = await house.alice.slash(house.lobby, "memory add", personality="Mirela", **add)

    assert reply_text(off) == "**Sieve** remembers nothing: its maker has switched that off."
    assert reply_text(blank) == "The memory is empty or has no visible text."
    assert reply_text(many).startswith("You have pinned 20 memories")
    assert reply_text(forbidden).startswith("Moderators have decided")
    assert reply_text(incognito).startswith("You are incognito")


async def test_a_message_that_one_points_at_is_remembered(house: House, sessions: Sessions) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    answered = house.lobby.history()[-1]
    said = await house.bob.send(house.lobby, "the rope is under the quay")

    remembered = await house.alice.context_menu(house.lobby, "Remember this", said)
    pinned = await house.alice.context_menu(house.lobby, "Remember this", answered)
    await house.services.privacy.opt_out(actor(house.bob))
    refused = await house.alice.context_menu(house.lobby, "Remember this", said)
    nobody = await house.moderator.context_menu(house.lobby, "Remember this", said)

    assert content_of(remembered) == "**Mirela** remembers it, in this server."
    assert "it is pinned" in content_of(pinned)
    assert content_of(refused) == "Nothing is stored of who has written that, as they wish."
    assert content_of(nobody).startswith("Nothing is stored")
    memories = await house.services.memory.list_memories(actor(house.alice), None)
    assert [(memory.is_pinned, "hello" in memory.content) for memory, _ in memories] == [
        (True, True)
    ]


async def test_a_fresh_start_reads_nothing_and_goes_on_storing(
    house: House, sessions: Sessions
) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Mirela {SAID}. My cat is called Miso.")

    begun = await house.alice.slash(house.lobby, "memory fresh", duration="1 hour")
    await house.alice.send(house.lobby, f"@Mirela {ASKED}")
    fresh, offered = house.openai.prompts[-1], str(house.openai.requests[-1].get("tools"))
    ended = await house.alice.slash(house.lobby, "memory fresh")
    pass_debounce(house)
    await house.alice.send(house.guild.create_text_channel("third"), f"@Mirela {ASKED}")

    assert "nothing that is remembered of you is read" in content_of(begun)
    assert "until <t:" in content_of(begun)
    assert "look_in_memory" not in offered
    assert "look_in_memory" in str(house.openai.requests[-1].get("tools"))
    assert "Heron" not in fresh
    assert "Miso" not in fresh
    assert content_of(ended) == "What is remembered of you is read again."
    assert "Heron" in house.openai.prompts[-1]
    assert "Miso" in house.openai.prompts[-1]
    assert (await count(sessions))[1] == 3


async def test_incognito_ends_by_itself_and_shows_until_then(
    house: House, sessions: Sessions
) -> None:
    begun = await house.alice.slash(house.lobby, "memory incognito", duration="1 hour")
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    badge = house.lobby.history()[-1].content
    longer = await house.alice.slash(house.lobby, "memory incognito", duration="8 hours")
    settings = await house.alice.slash(house.lobby, "settings")
    async with sessions.begin() as session:
        jobs = (
            await session.scalars(
                text("SELECT due_at FROM jobs.jobs WHERE kind = 'incognito mode'")
            )
        ).all()
        await session.execute(text("UPDATE users SET incognito_until = now() - interval '1 s'"))
        await session.execute(text("UPDATE jobs.jobs SET due_at = now()"))
    async with worker(sessions, house.services, has_discord=True).running():
        await until(sessions, JobStatus.DONE)
    pass_debounce(house)
    await house.alice.send(house.lobby, f"@Mirela {ASKED}")

    assert "until <t:" in content_of(begun)
    assert badge.endswith("-# Incognito: nothing of this is stored.")
    assert "until <t:" in content_of(longer)
    assert "nothing that you say is stored until" in shown(settings)
    assert len(jobs) == 1
    assert house.lobby.history()[-1].content == "Aye."
    assert (await count(sessions))[1] == 1


async def test_what_is_remembered_is_exported_as_a_file(house: House) -> None:
    await house.alice.send(house.lobby, f"@Mirela {SAID}. I live in Paris.")

    exported = await house.alice.slash(house.lobby, "memory export")

    (attachment,) = answer(exported).attachments
    document = (await house.services.memory.export(actor(house.alice))).decode()
    assert attachment.filename == "memories.md"
    assert "- Mirela: alice lives in Paris (since " in document
    assert f"{SAID}. I live in Paris.\nMirela: Aye." in document
