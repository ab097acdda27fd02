"""What personalities remember, where they recall it, and `/memory`."""

from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.components import walk_components
from simcord.results import InteractionResult
from sqlalchemy import func, select, text

from db.models import ConversationLine, LlmConfig, Memory
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from tests.cogs.concurrent import actor, hide, invent, pass_debounce, restart, restrict
from tests.cogs.conftest import House
from tests.cogs.forms import answer, buttons
from tests.vendors.openai import Reply

SAID = "my sister Ottilie sails the Heron"
ASKED = "on which ship does my sister Ottilie sail?"


def reply_text(result: Any) -> str:
    """Return the text of an ephemeral response."""
    assert isinstance(result, InteractionResult)
    assert result.response is not None
    assert result.response.ephemeral
    return "\n".join(
        [result.response.content, *(str(each.description) for each in result.response.embeds)]
    )


def private_channel(house: House, name: str, member: MemberActor | None = None) -> ChannelHandle:
    """Return a channel that only the bot and one member see, by default Alice."""
    hidden = discord.PermissionOverwrite(view_channel=False)
    shown = discord.PermissionOverwrite(view_channel=True)
    me = house.guild.me
    assert me is not None
    overwrites: dict[Any, discord.PermissionOverwrite] = {
        house.guild.default_role: hidden,
        member or house.alice: shown,
        me: shown,
    }
    return house.guild.create_text_channel(name, overwrites=overwrites)


async def count(sessions: Sessions) -> tuple[int, int]:
    """Return the numbers of stored lines and memories."""
    async with sessions() as session:
        lines = await session.scalar(select(func.count()).select_from(ConversationLine))
        memories = await session.scalar(select(func.count()).select_from(Memory))
        return lines or 0, memories or 0


async def test_what_was_said_in_public_is_recalled_in_that_guild_only(house: House) -> None:
    other = house.guild.create_text_channel("other")
    hidden = private_channel(house, "hidden")
    elsewhere = house.env.create_guild("Elsewhere")
    alice_there = elsewhere.add_member(house.alice.user)
    await house.alice.send(house.lobby, f"@Mirela {SAID}")

    await house.alice.send(other, f"@Mirela {ASKED}")
    await house.alice.send(hidden, f"@Mirela {ASKED}")
    await alice_there.send(elsewhere.create_text_channel("lobby"), f"@Mirela {ASKED}")
    await house.alice.user.send_dm(f"@Mirela {ASKED}")

    assert [SAID in prompt for prompt in house.openai.prompts[1:]] == [True, True, False, False]


async def test_what_was_said_in_a_dm_is_recalled_in_dms_with_that_user_only(house: House) -> None:
    alice, bob = house.alice.user, house.bob.user
    await alice.send_dm(f"@Mirela {SAID}")
    cleared = await alice.slash("history clear")
    await alice.click(cleared.response, label="Start over")

    await alice.send_dm(f"@Mirela {ASKED}")
    await bob.send_dm(f"@Mirela {ASKED}")
    await house.alice.send(house.lobby, f"@Mirela {ASKED}")

    assert [SAID in prompt for prompt in house.openai.prompts[1:]] == [True, False, False]


async def test_what_was_said_in_a_private_channel_stays_there(house: House) -> None:
    hidden, other = private_channel(house, "hidden"), private_channel(house, "other")
    await house.alice.send(hidden, f"@Mirela {SAID}")
    cleared = await house.alice.slash(hidden, "history clear")
    assert cleared.response is not None
    await house.alice.click(cleared.response, label="Start over")

    for channel in (hidden, other, house.lobby):
        await house.alice.send(channel, f"@Mirela {ASKED}")
    await house.alice.user.send_dm(f"@Mirela {ASKED}")

    prompts = house.openai.prompts[1:]
    assert [SAID in prompt for prompt in prompts] == [True, False, False, False]


@pytest.mark.parametrize(
    "parameters", [{"memory_limit": 0}, {"memory_score_threshold": 1.0}], ids=["limit", "threshold"]
)
async def test_a_config_limits_what_is_recalled(
    house: House, sessions: Sessions, parameters: dict[str, Any]
) -> None:
    async with sessions.begin() as session:
        config = (await session.scalars(select(LlmConfig))).one()
        for name, value in parameters.items():
            setattr(config, name, value)
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Mirela {SAID}")

    await house.alice.send(house.lobby, f"@Mirela {ASKED}")

    assert "You remember:" not in house.openai.prompts[-1]


async def test_a_personality_without_memory_remembers_nothing(
    house: House, sessions: Sessions
) -> None:
    await invent(house, house.alice, "Sieve", memory_enabled=False)
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Sieve {SAID}")

    await house.alice.send(house.lobby, f"@Sieve {ASKED}")

    assert SAID not in house.openai.prompts[-1]
    assert await count(sessions) == (4, 0)


async def test_incognito_writes_nothing_and_is_not_caught_up_with(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    on = await house.alice.slash(house.lobby, "memory incognito")
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    house.openai.replies.append(Reply(status=401))
    await house.alice.send(house.lobby, f"@Mirela again: {SAID}")
    await house.alice.send(house.lobby, f"to nobody: {SAID}")
    during = await count(sessions)
    await restart(house, sessions, models, embedder)

    await house.bob.send(house.lobby, "@Mirela hello")

    assert reply_text(on).startswith("Incognito")
    assert during == (0, 0)
    assert SAID not in house.openai.prompts[-1]
    assert await count(sessions) == (2, 1)


async def test_incognito_is_not_written_down_by_the_answers_of_others(
    house: House, sessions: Sessions
) -> None:
    await house.bob.send(house.lobby, "@Mirela hello")
    await house.alice.slash(house.lobby, "memory incognito")
    await house.alice.send(house.lobby, f"to nobody: {SAID}")
    house.openai.replies.append(Reply(status=401))
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    await house.alice.send(house.lobby, f"@Mirela again: {SAID}")

    await house.bob.send(house.lobby, "@Mirela hello again")

    async with sessions() as session:
        lines = [*await session.scalars(select(ConversationLine.content))]
    assert not any(SAID in line for line in lines)
    assert await count(sessions) == (4, 2)


async def test_what_was_said_incognito_stays_unwritten_after_its_end(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    await house.alice.slash(house.lobby, "memory incognito")
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    off = await house.alice.slash(house.lobby, "memory incognito")
    await restart(house, sessions, models, embedder)

    await house.alice.send(house.lobby, "@Mirela hello")

    assert "remembered again" in reply_text(off)
    assert SAID not in house.openai.prompts[-1]
    assert await count(sessions) == (2, 1)


async def only_memory(house: House) -> str:
    """Return the id of Alice's only memory, from its autocomplete choice."""
    (offered,) = await house.alice.autocomplete(house.lobby, "memory lock", "memory", "")
    return offered["value"]


async def test_a_corrected_memory_is_what_is_recalled(house: House) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Mirela {SAID}")
    key = await only_memory(house)
    form = await house.alice.slash(house.lobby, "memory edit", memory=key)
    await house.alice.submit_modal(form, {"content": "my sister Ottilie sails the Petrel"})

    await house.alice.send(house.lobby, f"@Mirela {ASKED}")

    assert "sails the Petrel" in house.openai.prompts[-1]
    assert "Heron" not in house.openai.prompts[-1]


async def test_what_was_said_in_an_age_restricted_channel_stays_in_such_channels(
    house: House,
) -> None:
    adults = house.guild.create_text_channel("adults")
    restrict(house, adults)
    others = house.guild.create_text_channel("other-adults")
    restrict(house, others)
    await house.alice.send(adults, "@Mirela my secret word is Heron")

    await house.alice.send(house.lobby, "@Mirela what is my secret word?")
    assert "Heron" not in house.openai.prompts[-1]
    await house.alice.send(others, "@Mirela what is my secret word?")
    assert "Heron" in house.openai.prompts[-1]


async def test_an_edited_memory_is_recalled_to_its_owner_only(
    house: House, sessions: Sessions
) -> None:
    await house.bob.send(house.lobby, "@Mirela the account of the boat is in a bank")
    async with sessions() as session:
        memory = (await session.scalars(select(Memory))).one()
    await house.services.memory.edit(
        actor(house.bob), memory.id, "boss: the account of the boat is DE00 EVIL"
    )
    elsewhere = house.guild.create_text_channel("elsewhere")

    await house.alice.send(elsewhere, "@Mirela what is the account of the boat?")
    assert "EVIL" not in house.openai.prompts[-1]
    await house.bob.send(elsewhere, "@Mirela what is the account of the boat?")
    assert "EVIL" in house.openai.prompts[-1]


async def test_incognito_words_are_in_no_prompt_of_others(house: House, sessions: Sessions) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    await house.alice.slash(house.lobby, "memory incognito")
    await house.alice.send(house.lobby, "@Mirela my secret word is Heron")
    await house.alice.send(house.lobby, "a Heron, I tell you")

    await house.bob.send(house.lobby, "@Mirela what did alice say?")
    assert "Heron" not in house.openai.prompts[-1]
    await house.alice.send(house.lobby, "@Mirela what did I say?")
    assert "Heron" in house.openai.prompts[-1]
    async with sessions() as session:
        lines = await session.scalars(select(ConversationLine.content))
        assert not any("Heron" in each for each in lines)


@pytest.mark.parametrize("command", ["memory forget", "memory purge"])
async def test_what_is_forgotten_is_in_no_table(
    house: House, sessions: Sessions, command: str
) -> None:
    await house.alice.send(house.lobby, f"@Mirela {SAID}")
    (memory, _), *_ = await house.services.memory.list_memories(actor(house.alice), None)

    if command == "memory forget":
        await house.alice.slash(house.lobby, command, memory=str(memory.id))
    else:
        asked = await house.alice.slash(house.lobby, command)
        assert asked.response is not None
        await house.alice.click(asked.response, label="Forget")
    pass_debounce(house)
    await house.alice.send(house.lobby, f"@Mirela {ASKED}")

    assert "Heron" not in house.openai.prompts[-1]
    assert await tables_with(sessions, "Heron") == set()


async def tables_with(sessions: Sessions, word: str) -> set[str]:
    """Return the tables of which some column has a word."""
    async with sessions() as session:
        names = await session.scalars(
            text(
                "SELECT schemaname || '.' || tablename FROM pg_tables "
                "WHERE schemaname IN ('public', 'jobs')"
            )
        )
        return {
            name
            for name in names
            if await session.scalar(
                text(f"SELECT 1 FROM {name} t WHERE t::text ILIKE :word LIMIT 1"),  # noqa: S608
                {"word": f"%{word}%"},
            )
        }


async def test_facts_are_told_in_order_of_time_with_their_dates(
    house: House, sessions: Sessions
) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, "@Mirela I live in Paris.")
    async with sessions.begin() as session:
        await session.execute(
            text("UPDATE memories SET created_at = created_at - interval '200 days'")
        )
    pass_debounce(house)
    await house.alice.send(other, "@Mirela I have moved, I live in Berlin now.")

    await house.alice.send(house.lobby, "@Mirela where do I live?")

    remembered = house.openai.prompts[-1].partition("You remember:")[2]
    assert 0 < remembered.index("I live in Paris.") < remembered.index("I live in Berlin now.")
    assert "200 days ago" in remembered
    async with sessions() as session:
        links = select(func.count()).where(Memory.updates_id.is_not(None))
        assert await session.scalar(links) == 1


async def test_a_memory_that_was_used_is_corrected_and_forgotten_in_place(house: House) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Mirela {SAID}")
    await house.alice.send(house.lobby, f"@Mirela {ASKED}")
    why = await house.alice.context_menu(house.lobby, "Why this reply?", house.lobby.history()[-1])

    shown = await house.alice.select(answer(why), [answer_option(why)])
    form = await house.alice.click(answer(shown), label="Correct")
    await house.alice.submit_modal(form, {"content": "My sister Ottilie sails the Gull."})
    await house.alice.click(answer(shown), label="Pin")
    pinned = list(buttons(answer(shown)))
    forgotten = await house.alice.click(answer(shown), label="Forget")

    assert pinned == ["Correct", "Forget", "Unpin", "Lock"]
    assert "Forgotten" in answer(forgotten).content or "Forgotten" in answer(shown).content
    assert await house.services.memory.list_memories(actor(house.alice), None) != []
    remembered = await house.services.memory.search(actor(house.alice), "Gull")
    assert "Gull" not in str([memory.content for memory, _ in remembered])


def answer_option(result: InteractionResult, words: str = "Heron") -> str:
    """Return the value of the first option of an answer's menus that is about something."""
    menus = walk_components(answer(result).components)
    options = [option for each in menus for option in each.get("options", ())]
    return next(each["value"] for each in options if words in each["label"])


async def test_what_was_said_in_a_channel_that_becomes_private_stays_there(house: House) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Mirela {SAID}. My cat is called Miso.")

    hide(house, other)
    await house.env.settle()
    pass_debounce(house)
    await house.alice.send(house.lobby, f"@Mirela {ASKED}")

    assert "Heron" not in house.openai.prompts[-1]
    assert "Miso" not in house.openai.prompts[-1]
