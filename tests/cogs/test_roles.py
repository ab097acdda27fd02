"""Permissions: every command, for every role."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

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
from services.personalities import Personality
from services.photos import file_source
from services.social import CaptionDraft, TargetChannel
from services.types import Actor, Channel, Venue
from tests.cogs.concurrent import actor, invent, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import buttons, content_of, fill
from tests.services.photo_files import photo as photograph
from tests.vendors.replicate import painted

MENUS = ("Regenerate", "Edit", "Delete", "Why this reply?")
ROLES = ("stranger", "owner", "moderator", "bot_owner")
HIDDEN = "hidden"
OWNERS = "Only the owners of **Zed** can do that."
BOT_OWNER = "Only the person who runs this bot can do that."
MODERATORS = "Only members with **Manage Messages** in this channel can do that."
NOT_BROUGHT = (
    "Only its maker or a moderator may bring a personality into this server. A moderator can bring "
    "**Zed**, or change that with `/server settings`."
)
NO_PERSONA = "You have no persona called **Hero**."
NO_CONFIG = "There is no config called **Quick** that you can use here."
NO_CHARACTER = "You have no character called **Inky**. `/character list` shows yours."
NO_MEMORY = "There is no such memory of you."
NO_KEY = "There is no key of OpenAI. `/key list` shows those that there are."
NO_PHOTO = "You have no photo called **zed.jpg**. `/photos list` shows yours."
NO_POST = "You have no post called **draft.jpg**. `/schedule list` shows yours."
NO_TARGET = "There is no target called **lobby** for this. `/schedule targets` lists and adds them."
NOT_YOURS = "Only the person who was answered, or a moderator, can do that."
NOTHING_SAID = "That message is not a personality's answer, or the answer is no longer stored."

Options: TypeAlias = Mapping[str, Any]
ZED, HERO, QUICK, MEMORY, INKY = (
    {"personality": "Zed"},
    {"persona": "Hero"},
    {"config": "Quick"},
    {"memory": "$memory"},
    {"character": "Inky"},
)


@dataclass(frozen=True)
class Row:
    """A command's options, and the refusal of each role; None where it is allowed."""

    options: Options = field(default_factory=dict[str, Any])
    stranger: str | None = None
    owner: str | None = None
    moderator: str | None = None
    bot_owner: str | None = None


def everyone(**options: Any) -> Row:
    return Row(options)


def its_owner(refusal: str, *, owner: str | None = None, **options: Any) -> Row:
    """Only the owner of the thing may; `owner` is a refusal for another reason."""
    return Row(options, stranger=refusal, owner=owner, moderator=refusal, bot_owner=refusal)


def owners(**options: Any) -> Row:
    """The owners of a personality, and the owner of the bot."""
    return Row({**ZED, **options}, stranger=OWNERS, moderator=OWNERS)


def owners_of(refusal: str, *, owner_refusal: str | None = None, **options: Any) -> Row:
    """The same, where others are not told that the thing exists."""
    return Row(
        options, stranger=refusal, owner=owner_refusal, moderator=refusal, bot_owner=owner_refusal
    )


def bot_owner(**options: Any) -> Row:
    return Row(options, stranger=BOT_OWNER, owner=BOT_OWNER, moderator=BOT_OWNER)


def operator(**options: Any) -> Row:
    """The owner of the bot; Discord hides these commands from others."""
    return Row(options, stranger=HIDDEN, owner=HIDDEN, moderator=HIDDEN)


def moderators(**options: Any) -> Row:
    """Moderators; Discord hides these commands from others."""
    return Row(options, stranger=HIDDEN, owner=HIDDEN, bot_owner=HIDDEN)


def asker() -> Row:
    """A message menu: the user who was answered, and moderators."""
    return Row(stranger=NOT_YOURS, bot_owner=NOT_YOURS)


# In this order, so that nothing is deleted before it is needed.
TABLE: dict[str, Row] = {
    "help": everyone(),
    "persona create": everyone(),
    "persona list": everyone(),
    "persona view": its_owner(NO_PERSONA, **HERO),
    "persona edit": its_owner(NO_PERSONA, **HERO),
    "persona default": its_owner(NO_PERSONA, **HERO),
    "persona use": its_owner(NO_PERSONA, **HERO, **ZED),
    "persona clear": everyone(**ZED),
    "persona delete": its_owner(NO_PERSONA, **HERO),
    "personality create": everyone(),
    "personality list": everyone(),
    "personality view": everyone(**ZED),
    "personality import": everyone(card="$card"),
    "personality export": owners(),
    "personality edit": owners(section="identity"),
    "personality settings": owners(memory=True),
    "personality alias add": owners(alias="Old Zed"),
    "personality alias remove": owners(alias="Zeddy"),
    "personality owners add": owners(user="$guest"),
    "personality owners remove": owners(user="$guest"),
    "config create": everyone(),
    "config list": everyone(),
    "config view": its_owner(NO_CONFIG, **QUICK),
    "config edit": its_owner(NO_CONFIG, **QUICK),
    "config use": its_owner(NO_CONFIG, **QUICK, **ZED),
    "config clear": everyone(**ZED),
    "config default": owners(config="OpenAI"),
    "config delete": its_owner(NO_CONFIG, **QUICK),
    "config global create": bot_owner(),
    "config global default": bot_owner(config="OpenAI"),
    "system-prompt create": operator(),
    "system-prompt edit": operator(prompt="Default"),
    "system-prompt list": operator(),
    "system-prompt default": operator(prompt="Default"),
    "system-prompt delete": operator(prompt="Spare"),
    "channel activate": moderators(**ZED),
    "channel list": moderators(),
    "channel deactivate": moderators(**ZED),
    "chat with": everyone(**ZED),
    "memory list": everyone(),
    "memory search": everyone(words="fog"),
    "memory edit": its_owner(NO_MEMORY, **MEMORY),
    "memory forget": its_owner(NO_MEMORY, **MEMORY),
    "memory lock": its_owner(NO_MEMORY, memory="$other"),
    "memory purge": everyone(),
    "Why this reply?": asker(),
    "Edit": asker(),
    "Regenerate": asker(),
    "Delete": asker(),
    "chat say": everyone(**ZED, message="hello"),
    "history undo": everyone(),
    "history clear": everyone(),
    "history clear · everyone's": Row(
        {"everyones": True}, stranger=MODERATORS, owner=MODERATORS, bot_owner=MODERATORS
    ),
    "memory incognito": everyone(),
    "publish start": owners(),
    "publish status": owners(),
    "publish history": owners(),
    "publish unpublish": owners(),
    "discover browse": everyone(),
    "discover search": everyone(words="lamp"),
    "discover view": everyone(personality="Mirela"),
    "discover like": everyone(personality="Mirela"),
    "character generate": its_owner(
        NO_CHARACTER, owner="Images of **Inky** are already being generated.", **INKY
    ),
    "character create": everyone(photo="$photo", name="New", gender="female", style="Ink"),
    "character list": everyone(),
    "character gallery": its_owner(NO_CHARACTER, **INKY),
    "character profile": its_owner(
        NO_CHARACTER,
        owner="**Inky** has no description yet: the photo was not analysed.",
        **INKY,
    ),
    "character use": its_owner(
        NO_CHARACTER,
        owner="Select an image of **Inky** in `/character gallery` first.",
        **INKY,
        **ZED,
    ),
    "character delete": its_owner(NO_CHARACTER, **INKY),
    "photos import": owners(file="$photo"),
    "photos list": owners(),
    "photos unscheduled": owners(),
    "photos search": owners(text="fog"),
    "photos view": owners_of(NO_PHOTO, photo="zed.jpg"),
    "photos similar": owners_of(
        NO_PHOTO,
        owner_refusal="**zed.jpg** has not been analysed yet. Try again in a minute.",
        photo="zed.jpg",
    ),
    "schedule targets": owners(),
    "schedule slots": owners_of(NO_TARGET, target="lobby"),
    "schedule pause": owners_of(NO_TARGET, target="lobby"),
    "schedule post": owners_of(NO_PHOTO, photo="zed.jpg", target="lobby"),
    "schedule draft": owners_of(NO_PHOTO, photo="zed.jpg"),
    "schedule list": everyone(),
    "schedule calendar": everyone(),
    "schedule zone": everyone(zone="Europe/Vienna"),
    "schedule edit": owners_of(NO_POST, post="draft.jpg"),
    "schedule settle": owners_of(
        NO_POST,
        owner_refusal="The post is a draft, so that is no longer possible.",
        post="draft.jpg",
        outcome="it is posted",
    ),
    "schedule cancel": owners_of(NO_POST, post="draft.jpg"),
    "photos delete": owners_of(NO_PHOTO, photo="zed.jpg"),
    "board open": moderators(personalities="Zed"),
    "board list": moderators(),
    "board settings": moderators(topic="Fog"),
    "board top": moderators(),
    "engine trigger": Row(
        {**ZED, "act": "post"},
        stranger=HIDDEN,
        owner=HIDDEN,
        moderator=HIDDEN,
        bot_owner="This channel is not an open board. `/board open` turns a channel into one.",
    ),
    "board close": moderators(),
    "engine status": operator(),
    "engine plan": operator(),
    "engine tasks": operator(),
    "engine budget": operator(),
    "engine simulate": operator(days=2, personalities=2),
    "engine pause": operator(),
    "engine resume": operator(),
    "personality bring": Row(ZED, stranger=NOT_BROUGHT, bot_owner=NOT_BROUGHT),
    "block add": Row(
        {"where": "this server", "user": "$guest"},
        stranger=MODERATORS,
        owner=MODERATORS,
        bot_owner=MODERATORS,
    ),
    "block remove": Row(
        {"where": "this server", "user": "$guest"},
        stranger=MODERATORS,
        owner=MODERATORS,
        bot_owner=MODERATORS,
    ),
    "block list": everyone(),
    "server settings": moderators(),
    "server personalities": moderators(),
    "server forget": Row(
        stranger=HIDDEN,
        owner=HIDDEN,
        moderator="Only members with **Manage Server** in this channel can do that.",
        bot_owner=HIDDEN,
    ),
    "personality delete": owners(),
    "admin servers": operator(),
    "admin sync": operator(),
    "admin audit": operator(),
    "key add": everyone(vendor="OpenAI"),
    "key add · server": Row(
        {"vendor": "OpenAI", "whose": "this server's"},
        stranger=MODERATORS,
        owner=MODERATORS,
        bot_owner=MODERATORS,
    ),
    "key test": its_owner(NO_KEY, owner=NO_KEY, vendor="OpenAI"),
    "key list": everyone(),
    "key remove": its_owner(NO_KEY, owner=NO_KEY, vendor="OpenAI"),
    "models": everyone(),
    "model allow": operator(model="openai/default"),
    "model deny": operator(model="openai/gpt-5"),
    "model list": operator(),
    "budget show": operator(),
    "budget set": operator(scope="everything", dollars=1.0),
    "usage": everyone(),
    "usage · server": Row(
        {"of": "this server"}, stranger=MODERATORS, owner=MODERATORS, bot_owner=MODERATORS
    ),
    "usage · everything": bot_owner(of="everything"),
    "admin jobs": operator(),
    "privacy export": everyone(),
    "privacy delete": everyone(),
    "privacy optout": everyone(),
    "schedule close": Row(stranger=MODERATORS, owner=MODERATORS, bot_owner=MODERATORS),
}


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
    memories = await house.services.memory.list_memories(me, None)
    first, second = (str(memory.id) for memory, _ in memories)
    card = json.dumps({"name": "Newcomer"}).encode()
    guest = house.guild.add_member(house.env.create_user("guest"))
    photo = ("me.jpg", painted("photo"))
    options = {"photo": photo, "name": "Inky", "gender": "female", "style": "Ink"}
    await use(house, house.alice, "character create", options)
    await add_photos(house, me, zed)
    return {
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


async def use(house: House, who: MemberActor, command: str, options: Options) -> InteractionResult:
    """Use a command, or a menu of Zed's last answer, and confirm if asked."""
    if command in MENUS:
        target = next(each for each in reversed(house.lobby.history()) if each.webhook_id)
        return await who.context_menu(house.lobby, command, target)
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
    return content_of(result) if refusals else None


@pytest.mark.parametrize("role", ROLES)
async def test_everyone_may_do_what_their_role_lets_them(
    house: House, role: str, refusals: list[BaseException]
) -> None:
    people = (house.bob, house.alice, house.moderator, house.boss)
    who = people[ROLES.index(role)]
    things = await create_fixtures(house)

    cells = {
        key: await refusal_to(
            house,
            who,
            key.partition(" · ")[0],
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

    moderated = {"channel activate": MODERATORS, "channel deactivate": MODERATORS}
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
        await house.services.answers.clear(
            actor(house.boss),
            Channel(channel_id=2, guild_id=1, venue=Venue.PUBLIC),
            personality_id=None,
            for_everyone=True,
        )
