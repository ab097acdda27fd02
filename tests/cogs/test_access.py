"""Who gets an answer where: names in scopes, what was let in, blocks and mutes, policies."""

from datetime import timedelta
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from sqlalchemy import func, select, update

from db.models import Block, Budget, BudgetScope, LlmCall, Personality, SentNotice
from db.session import Sessions
from services.personalities import Visibility
from tests.cogs.concurrent import actor, answers, invent, pass_debounce, restrict, speakers
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, fields, lines, suggestions, use_menu


def marks(house: House) -> list[str]:
    """Return the bot's reactions in the lobby, in order."""
    return [str(each.emoji) for m in house.lobby.history() for each in m.reactions]


def dms_to(who: MemberActor) -> list[str]:
    """Return what the bot has told somebody by DM."""
    return [m.content for m in who.user.dm_channel.history() if m.author.id != who.id]


async def block(house: House, who: MemberActor, where: str, **target: Any) -> str:
    return content_of(await who.slash(house.lobby, "block add", where=where, **target))


async def ask(house: House, who: MemberActor, text: str = "@Mirela hello") -> None:
    """Say something that is not taken for a part of what was said before."""
    pass_debounce(house)
    await who.send(house.lobby, text)


async def test_one_that_was_not_let_in_answers_its_maker_alone(house: House) -> None:
    await invent(house, house.alice, "Zed", is_brought=False)

    await ask(house, house.bob, "@Zed are you there?")
    await ask(house, house.alice, "@Zed are you there?")

    assert answers(house.lobby) == ["Aye."]
    assert marks(house) == []
    assert await suggestions(house, house.bob, "chat say", "personality", "zed") == []
    assert await suggestions(house, house.alice, "chat say", "personality", "zed") == ["Zed"]


async def test_one_that_was_brought_is_sent_away_by_a_moderator(house: House) -> None:
    zed = await invent(house, house.alice, "Zed")
    await ask(house, house.bob, "@Zed are you there?")

    listed = await house.moderator.slash(house.lobby, "server personalities")
    shown = embed(listed).description
    await house.moderator.select(answer(listed), [str(zed.id)])
    await ask(house, house.bob, "@Zed still there?")

    assert shown == (f"**Zed** · made by {house.alice.mention} · brought by {house.alice.mention}")
    assert answers(house.lobby) == ["Aye."]


@pytest.mark.parametrize(
    ("bring", "refusal"),
    [
        ("moderators", "Only moderators may bring personalities into this server."),
        ("nobody", "Nobody may bring personalities into this server."),
    ],
)
async def test_moderators_decide_who_brings_personalities(
    house: House, bring: str, refusal: str
) -> None:
    await invent(house, house.alice, "Zed", is_brought=False)
    await house.moderator.slash(house.lobby, "server settings", bring=bring)

    brought = await house.alice.slash(house.lobby, "personality bring", personality="Zed")
    await ask(house, house.alice, "@Zed hello")

    assert content_of(brought).startswith(refusal)
    assert answers(house.lobby) == []
    assert marks(house) == ["🔒"]
    assert "**Zed** does not answer: it was not let into this server" in dms_to(house.alice)[0]


async def test_words_for_everyone_roles_and_members_are_no_names(house: House) -> None:
    house.guild.create_role("Night Watch")
    await invent(house, house.alice, "Zed", is_brought=False)
    for alias in ("all", "folks", "Night Watch", "bob", "mods"):
        added = await house.alice.slash(
            house.lobby, "personality alias add", personality="Zed", alias=alias
        )
        assert "could be mistaken" in content_of(added), alias


async def test_names_are_compared_where_a_personality_is_brought(house: House) -> None:
    await house.alice.user.send_dm("hello")
    zed = await invent(house, house.alice, "Zed", is_brought=False)
    # In a DM with the bot, nobody's names are known.
    await house.services.personalities.add_alias(actor(house.alice), zed.id, "bob")

    brought = await house.alice.slash(house.lobby, "personality bring", personality="Zed")

    assert "**bob** could be mistaken" in content_of(brought)


async def test_who_takes_the_name_of_an_alias_later_wins(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.member_names._SECONDS", 0)
    zed = await invent(house, house.alice, "Zed")
    await house.services.personalities.add_alias(actor(house.alice), zed.id, "Nightingale")
    await ask(house, house.bob, "@Nightingale hello")
    house.guild.add_member(house.env.create_user("nightingale"))

    await ask(house, house.bob, "@Nightingale and now?")
    await ask(house, house.bob, "@Zed hello")

    assert answers(house.lobby) == ["Aye.", "Aye."]
    await ask(house, house.bob, "@Nightingale really?")

    assert "could be mistaken" in house.lobby.history()[-1].content
    assert dms_to(house.alice) == [
        f"In the server `{house.guild.id}`, a member or role is called **nightingale** now, so "
        "your personality **Zed** does not answer there under that name. `/personality open` gives "
        "it another, or `/personality alias remove` takes the alias away."
    ]


async def test_two_makers_may_use_one_name_and_whoever_asks_chooses(
    house: House, sessions: Sessions
) -> None:
    first = await invent(house, house.alice, "Luna")
    await invent(house, house.bob, "Luna")

    await ask(house, house.moderator, "@Luna hello")
    question = house.lobby.history()[-1]
    stolen = await house.bob.click(question, label="Luna by alice")
    await house.moderator.click(question, label="Luna by alice")
    await ask(house, house.moderator, "@Luna and now?")

    row = question.components[0]
    assert isinstance(row, discord.ActionRow)
    labels = [each.label for each in row.children if isinstance(each, discord.Button)]
    assert labels == ["Luna by alice", "Luna by bob"]
    assert content_of(stolen) == "These buttons belong to someone else."
    assert question.id not in [each.id for each in house.lobby.history()]
    assert speakers(house) == ["Luna", "Luna"]
    async with sessions() as session:
        called = await session.scalars(select(LlmCall.personality_id).distinct())
    assert called.all() == [first.id]


async def test_a_name_of_two_is_completed_with_its_makers(house: House) -> None:
    await invent(house, house.alice, "Luna")
    await invent(house, house.bob, "Luna")

    names = await suggestions(house, house.bob, "chat say", "personality", "luna")

    assert sorted(names) == ["Luna (by alice)", "Luna (by bob)"]


async def test_who_is_blocked_gets_no_answer_and_is_told_once_an_hour(
    house: House, sessions: Sessions
) -> None:
    line = await block(house, house.moderator, "this server", user=house.bob, note="spam")
    await ask(house, house.bob, "@Mirela hello")
    await ask(house, house.bob, "@Mirela hello?")
    await ask(house, house.bob, "just talking")
    async with sessions.begin() as session:
        await session.execute(update(SentNotice).values(sent_at=func.now() - timedelta(minutes=61)))
    await ask(house, house.bob, "@Mirela hello!")
    said = await house.bob.slash(house.lobby, "chat say", personality="Mirela", message="hi")
    await ask(house, house.alice, "@Mirela what was said?")

    told = "**Mirela** does not answer: this server's moderators have blocked you here."
    assert line == f"{house.bob.mention} is blocked in this server · spam"
    assert marks(house) == ["🔒"] * 3
    assert dms_to(house.bob) == [f"<#{house.lobby.id}>: {told}"] * 2
    assert content_of(said) == told
    assert "just talking" not in house.openai.prompts[-1]
    assert len(house.openai.requests) == 1


async def test_what_a_muted_person_says_is_still_read(house: House) -> None:
    await block(house, house.moderator, "this server", user=house.bob, mute=True)

    await ask(house, house.bob, "@Mirela the fog is in")
    await ask(house, house.alice, "@Mirela what did he say?")

    assert marks(house) == ["🔒"]
    assert answers(house.lobby) == ["Aye."]
    assert "the fog is in" in house.openai.prompts[-1]


async def test_a_block_ends(house: House, sessions: Sessions) -> None:
    await block(house, house.moderator, "this server", user=house.bob, duration="an hour")
    await ask(house, house.bob)
    async with sessions.begin() as session:
        await session.execute(update(Block).values(ends_at=func.now()))

    await ask(house, house.bob)

    assert marks(house) == ["🔒"]
    assert answers(house.lobby) == ["Aye."]


async def test_a_role_a_channel_and_a_personality_can_be_blocked(house: House) -> None:
    role = house.guild.create_role("Guests")
    guest = house.guild.add_member(house.env.create_user("guest"), roles=[role])
    await block(house, house.moderator, "this server", role=role)
    await block(house, house.moderator, "this server", personality="Bex")
    await ask(house, guest, "@Mirela hello")
    await ask(house, house.alice, "@Bex hello")
    await ask(house, house.alice, "@Mirela hello")
    await block(house, house.moderator, "this server", channel=house.lobby)
    await ask(house, house.alice, "@Mirela and now?")

    listed = await house.moderator.slash(house.lobby, "block list")

    assert marks(house) == ["🔒"] * 3
    assert answers(house.lobby) == ["Aye."]
    assert lines(listed) == ["**Bex** is blocked in this server"]
    assert f"<@&{role.id}> is blocked in this server" in (embed(listed).description or "")


async def test_a_maker_keeps_somebody_from_their_personalities_everywhere(house: House) -> None:
    await invent(house, house.alice, "Zed")

    await block(house, house.alice, "my personalities", user=house.bob)
    await ask(house, house.bob, "@Zed hello")
    await house.bob.user.send_dm("@Zed hello")
    await ask(house, house.bob, "@Mirela hello")

    assert marks(house) == ["🔒"]
    assert speakers(house) == ["Mirela"]
    assert "its maker has blocked you" in dms_to(house.bob)[0]


async def test_the_operator_blocks_everywhere(house: House) -> None:
    await block(house, house.boss, "everywhere", user=house.bob)
    await block(house, house.boss, "everywhere", server=str(house.guild.id))

    await house.bob.user.send_dm("@Mirela hello")
    await ask(house, house.alice, "@Mirela hello")

    assert dms_to(house.bob) == [
        "**Mirela** does not answer: the person who runs this bot has blocked you."
    ]
    assert "has blocked this server" in dms_to(house.alice)[0]
    assert house.openai.requests == []


async def test_nobody_blocks_themselves_the_operator_or_a_moderator(house: House) -> None:
    cannot = "**{}** cannot be blocked here"
    assert cannot.format("boss") in await block(
        house, house.moderator, "this server", user=house.boss
    )
    assert cannot.format("boss") in await block(
        house, house.alice, "my personalities", user=house.boss
    )
    assert cannot.format("alice") in await block(
        house, house.alice, "my personalities", user=house.alice
    )
    assert "Only members with" in await block(house, house.bob, "this server", user=house.alice)
    assert "Only the person who runs this bot" in await block(
        house, house.moderator, "everywhere", user=house.alice
    )
    assert "Choose one thing" in await block(house, house.moderator, "this server")
    assert "Choose one thing" in await block(house, house.boss, "everywhere", server="x")


async def test_a_lifted_block_is_gone(house: House) -> None:
    await block(house, house.moderator, "this server", user=house.bob)
    lift = {"where": "this server", "user": house.bob}

    lifted = await house.moderator.slash(house.lobby, "block remove", **lift)
    again = await house.moderator.slash(house.lobby, "block remove", **lift)
    await ask(house, house.bob)

    assert content_of(lifted) == "**bob** is not blocked any more."
    assert content_of(again).startswith("There is no such block.")
    assert answers(house.lobby) == ["Aye."]


async def test_moderators_choose_the_channels(house: House) -> None:
    den = house.guild.create_text_channel("den")
    shown = await house.moderator.slash(
        house.lobby, "server settings", channels="only", add_channel=den
    )
    pass_debounce(house)
    await house.alice.send(den, "@Mirela hello")
    await ask(house, house.alice)
    await house.moderator.slash(house.lobby, "server settings", channels="except")
    await ask(house, house.bob)

    assert fields(shown)["Where they speak"] == f"only in <#{den.id}>"
    assert answers(den) == ["Aye."]
    assert marks(house) == ["🔒"]
    assert answers(house.lobby) == ["Aye."]


async def test_a_server_may_do_without_published_and_age_restricted_ones(house: House) -> None:
    adults = house.guild.create_text_channel("adults")
    restrict(house, adults)
    await invent(house, house.alice, "Vesper", age_restricted=True)
    await house.moderator.slash(house.lobby, "server settings", age_restricted=False)

    pass_debounce(house)
    await house.bob.send(adults, "@Vesper hello")

    assert answers(adults) == []
    assert "does not allow age-restricted ones" in dms_to(house.bob)[0]


async def test_a_published_one_needs_no_bringing_unless_the_server_says_so(
    house: House, sessions: Sessions
) -> None:
    zed = await invent(house, house.alice, "Zed", is_brought=False)
    await _publish(sessions, zed)
    await ask(house, house.bob, "@Zed hello")
    await house.moderator.slash(house.lobby, "server settings", public=False)
    await ask(house, house.bob, "@Zed hello?")

    assert answers(house.lobby) == ["Aye."]
    assert marks(house) == []


async def test_a_channel_gets_so_many_answers_an_hour(house: House) -> None:
    await house.moderator.slash(house.lobby, "server settings", answers_per_hour=2)
    house.openai.says("One.", "Two.", "Three.")

    for _ in range(3):
        await ask(house, house.alice)

    assert answers(house.lobby) == ["One.", "Two."]
    assert marks(house) == ["🔒"]


async def test_a_server_may_forbid_memories(house: House) -> None:
    await house.moderator.slash(house.lobby, "server settings", memories=False)
    await ask(house, house.alice, "@Mirela my cat is called Ink")

    listed = await house.alice.slash(house.lobby, "memory list")

    assert "Nothing yet" in (embed(listed).description or "")


async def test_who_spends_a_budget_is_told_when_it_goes_on(
    house: House, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        session.add(Budget(scope=BudgetScope.EACH_USER, answers=1, set_by=1))
    await ask(house, house.alice)
    await ask(house, house.alice)
    await ask(house, house.bob)
    message = next(m for m in house.lobby.history() if m.webhook_id)
    again = await use_menu(house.alice, house.lobby, "Regenerate", message)

    assert marks(house) == ["⏳"]
    assert answers(house.lobby) == ["Aye.", "Aye."]
    assert "Your budget of today is spent. It goes on <t:" in dms_to(house.alice)[0]
    assert content_of(again).startswith("Your budget of today is spent.")


async def test_who_regenerates_pays(house: House, sessions: Sessions) -> None:
    house.openai.says("One.", "Two.")
    await ask(house, house.alice)
    message = next(m for m in house.lobby.history() if m.webhook_id)
    await block(house, house.boss, "everywhere", user=house.moderator)

    refused = await use_menu(house.moderator, house.lobby, "Regenerate", message)

    assert "has blocked you" in content_of(refused)
    assert len(house.openai.requests) == 1


async def _publish(sessions: Sessions, personality: Personality) -> None:
    async with sessions.begin() as session:
        await session.execute(
            update(Personality)
            .where(Personality.id == personality.id)
            .values(
                visibility=Visibility.PUBLIC,
                public_version=1,
                nsfw_rating="safe",
                gender="none",
                headline="A mender of clocks.",
                public_name="Zed",
                published_at=func.now(),
            )
        )
