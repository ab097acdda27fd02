"""Permissions: every command, for every role."""

import itertools
import json
from dataclasses import replace
from typing import Any

import discord
import pytest
from discord import app_commands
from simcord.actors import MemberActor
from simcord.backend.errors import SetupError
from simcord.results import InteractionResult

from bot.discord.client import OPERATOR_COMMANDS
from bot.discord.errors import explain
from services.access import Situation
from services.errors import ModeratorsOnly
from services.llm import LanguageModels
from services.lore import LoreScope, LoreTarget
from services.personalities import Personality
from services.photos import file_source
from services.social import CaptionDraft, TargetChannel
from services.speech import SpeechModels
from services.types import Actor, Channel, Venue
from tests.cogs.concurrent import actor, invent, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import buttons, content_of, fill, press, use_menu
from tests.cogs.roles_table import (
    ASK_MENU,
    BOT_OWNER,
    HIDDEN,
    MENUS,
    MODERATORS,
    REMEMBER_MENU,
    ROLES,
    STATES,
    TABLE,
    Options,
)
from tests.fakes import FakeSpeechModel
from tests.services.photo_files import photo as photograph
from tests.vendors.replicate import painted


async def create_fixtures(house: House) -> dict[str, Any]:
    """Create one of everything for Alice; return the values of the placeholders in `TABLE`."""
    replies = itertools.count(1)
    draft = json.dumps({"caption": "Fog again.", "alt_text": "Colours."})
    house.openai.answer = lambda body: (
        draft if "DraftAnswer" in str(body) else f"The fog is {next(replies)} miles thick tonight."
    )
    me = actor(house.alice)
    zed = await invent(house, house.alice, "Zed")
    await house.services.personalities.add_alias(me, zed.id, "Zeddy")
    await fill(house, house.alice, "persona create", {"name": "Hero"})
    await fill(house, house.alice, "config create", {"name": "Quick", "model": "openai/default"})
    await fill(house, house.boss, "system-prompt create", {"name": "Spare", "content": "Be brief."})
    await house.alice.send(house.lobby, "@Zed how is the fog?")
    pass_debounce(house)
    await house.alice.send(house.lobby, "@Zed and now?")
    here = Channel(channel_id=house.lobby.id, guild_id=house.guild.id, venue=Venue.PUBLIC)
    await house.services.memory.add(me, zed, here, "I sail at dawn.", pin=False)
    memories = await house.services.memory.list_memories(me, None)
    first, second, _ = (str(memory.id) for memory, _ in memories)
    card = json.dumps({"name": "Newcomer"}).encode()
    guest = house.guild.add_member(house.env.create_user("guest"))
    photo = ("me.jpg", painted("photo"))
    await house.services.cast_faces.add()
    await use(house, house.alice, "personality avatar", {"personality": "Zed", "picture": photo})
    options = {"photo": photo, "name": "Inky", "gender": "female", "style": "Ink"}
    await use(house, house.alice, "character create", options)
    await add_photos(house, me, zed)
    target = LoreTarget(scope=LoreScope.PERSONALITY, personality_id=zed.id)
    await house.services.lore.create(me, target, "Tome")
    return {
        "$book": ("book.json", b'{"entries": []}'),
        "$memory": first,
        "$other": second,
        "$card": ("card.json", card),
        "$guest": guest,
        "$photo": photo,
    }


async def add_photos(house: House, me: Actor, zed: Personality) -> None:
    """Give Zed two photos, one of them with a draft, and a target to post them to."""
    services = house.services
    importing = services.photos.add(
        me, zed.id, [file_source("zed.jpg", photograph(1)), file_source("draft.jpg", photograph(2))]
    )
    (_, drafted) = [each.photo async for each in importing if each.photo]
    lobby = house.lobby
    target_channel = TargetChannel(
        channel_id=lobby.id, guild_id=house.guild.id, name="lobby", is_public=True
    )
    await services.targets.add_discord_channel(replace(me, moderates=True), zed.id, target_channel)
    await services.posts.save_draft(me, drafted.id, CaptionDraft(caption="Fog", alt_text=""))


async def use(house: House, who: MemberActor, key: str, options: Options) -> InteractionResult:
    """Use a command, or a menu of Zed's last answer, and confirm if asked."""
    command, _, part = key.partition(" · ")
    if key in (*MENUS, ASK_MENU, REMEMBER_MENU):
        target = next(each for each in reversed(house.lobby.history()) if each.webhook_id)
        if key in (ASK_MENU, REMEMBER_MENU):
            return await who.context_menu(house.lobby, key, target)
        return await use_menu(who, house.lobby, part or key, target)
    result = await who.slash(house.lobby, command, **options)
    if result.response is not None and "Cancel" in (labels := [*buttons(result.response)]):
        return await who.click(result.response, label=labels[0])
    return result


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """The errors that were explained to users."""
    explained: list[BaseException] = []

    def recording_explain(error: BaseException, locale: discord.Locale | None = None) -> str | None:
        explained.append(error)
        return explain(error, locale)

    monkeypatch.setattr("bot.discord.errors.explain", recording_explain)
    return explained


async def refusal_to(
    house: House,
    who: MemberActor,
    command: str,
    options: Options,
    refusals: list[BaseException],
) -> str | None:
    """Return the text of a refusal, or None if there was none."""
    refusals.clear()
    try:
        result = await use(house, who, command, options)
    except SetupError as error:
        if "default-member-permissions" not in str(error):
            raise
        return HIDDEN
    if result.response is not None and not result.response.ephemeral and refusals:
        # What a command says for everyone to read is refused by a reaction.
        return str(house.lobby.history()[-1].reactions[0].emoji)
    return content_of(result) if refusals else None


@pytest.mark.parametrize("role", ROLES)
async def test_everyone_may_do_what_their_role_lets_them(
    house: House, role: str, refusals: list[BaseException]
) -> None:
    people = (house.bob, house.alice, house.moderator, house.boss, house.bob)
    who = people[ROLES.index(role)]
    things = await create_fixtures(house)
    if role == "co_owner":
        zed = await house.services.personalities.find(
            "Zed", Situation(account_ids={house.alice.id})
        )
        await house.services.personalities.add_owner(actor(house.alice), zed.id, actor(house.bob))

    cells = {
        key: await refusal_to(
            house,
            who,
            key,
            {name: things.get(str(value), value) for name, value in row.options.items()},
            refusals,
        )
        for key, row in TABLE.items()
    }

    assert cells == {key: getattr(row, role) for key, row in TABLE.items()}


async def test_every_command_has_a_row(house: House) -> None:
    commands = {
        command.qualified_name
        for kind in discord.AppCommandType
        for command in house.bot.tree.walk_commands(type=kind)
        if not isinstance(command, app_commands.Group)
    }

    assert {key.partition(" · ")[0] for key in TABLE} == commands


async def test_what_discord_shows_by_mistake_is_refused_all_the_same(
    house: House, refusals: list[BaseException]
) -> None:
    shown = ("channel", *OPERATOR_COMMANDS)
    for command in await house.bot.tree.fetch_commands():
        if command.name in shown:
            house.guild.set_command_permissions(command, {house.alice: True, house.boss: True})
    tried = {
        key: row
        for key, row in TABLE.items()
        if row.owner == HIDDEN and key.partition(" ")[0] in shown
    }
    await invent(house, house.alice, "Zed")
    await fill(house, house.boss, "system-prompt create", {"name": "Spare", "content": "Be brief."})

    said = {
        key: await refusal_to(house, house.alice, key, row.options, refusals)
        for key, row in tried.items()
    }

    moderated = {
        "channel activate": MODERATORS,
        "channel deactivate": MODERATORS,
        "channel settings": MODERATORS,
    }
    free = {"channel list": None, "system-prompt list": None}
    assert said == {key: {**moderated, **free}.get(key, BOT_OWNER) for key in tried}


@pytest.mark.parametrize("guild_id", [1, None])
async def test_the_service_itself_asks_who_moderates(house: House, guild_id: int | None) -> None:
    channel = Channel(channel_id=2, guild_id=guild_id, venue=Venue.PUBLIC)
    channels = house.services.channels
    bex = await house.services.personalities.find("Bex", Situation(account_ids={1}))

    for change in (channels.activate, channels.deactivate):
        with pytest.raises(ModeratorsOnly):
            await change(actor(house.boss), channel, bex)
    with pytest.raises(ModeratorsOnly):
        await house.services.history.clear(
            actor(house.boss),
            Channel(channel_id=2, guild_id=1, venue=Venue.PUBLIC),
            personality_id=None,
            for_everyone=True,
        )


async def enter(house: House, state: str) -> None:
    """Bring Alice into a state."""
    where = {"where": "everywhere", "user": house.alice}
    match state:
        case "blocked":
            await house.boss.slash(house.lobby, "block add", **where)
        case "muted":
            await house.boss.slash(house.lobby, "block add", mute=True, **where)
        case "opted out":
            await press(house, house.alice, "Opt out", "privacy optout")
        case "over budget":
            await house.boss.slash(house.lobby, "budget set", scope="everything", dollars=0.0)
        case _:
            await house.boss.slash(house.lobby, "budget set", scope="everything", dollars=0.0)
            await fill(house, house.alice, "key add", {"key": "sk-" + "x" * 20}, vendor="OpenAI")


@pytest.fixture
def speech(models: LanguageModels) -> SpeechModels:
    return SpeechModels(models.ledger, models.background, speech={"fake": FakeSpeechModel()})


@pytest.mark.parametrize("state", STATES)
async def test_what_costs_nothing_is_still_theirs_in_every_state(
    house: House, state: str, refusals: list[BaseException]
) -> None:
    things = await create_fixtures(house)
    await enter(house, state)

    cells = {
        key: await refusal_to(
            house,
            house.alice,
            key,
            {name: things.get(str(value), value) for name, value in row.options.items()},
            refusals,
        )
        for key, row in TABLE.items()
    }

    owners = {key: row.owner for key, row in TABLE.items()}
    assert {key: said for key, said in cells.items() if said != owners[key]} == STATES[state]
