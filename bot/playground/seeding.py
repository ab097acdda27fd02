"""What a new playground begins with: a welcome, a board with a past, and photos."""

import logging
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

import discord

from bot.discord.client import Bot
from bot.discord.converters import to_actor, to_channel
from bot.playground.world import World, fetch_member
from services.access import Situation
from services.clock import FastClock
from services.engine import ActType, BoardDetails, ScriptedAct
from services.errors import DomainError
from services.photos import file_source
from services.social import TargetChannel
from services.types import Actor

log = logging.getLogger(__name__)

# How long before now the world begins, so that its board has a past.
PAST: Final = timedelta(days=3)
_BOARD_TOPIC: Final = "small things that happen by the sea, in a library and at a night market"
_CAST: Final = ("mirela", "professor-quill", "bex", "oru", "fen")
_VOTE_MINUTES: Final = 3.0
# The photo that whoever visits first gives to Mirela.
GUIDE_PHOTO: Final = "mirela.ledger-and-tea.jpg"
_WELCOME: Final = """\
**Welcome to Troupe's playground.** Everything here is the real bot, on a simulated Discord.
- Call somebody by name: `@Mirela how was the night?`, `@Professor Quill`, `@Bex`, `@Oru`, `@Fen`.
- Type `/` for commands; `/help` shows what to do with them.
- In **#lighthouse** Mirela answers everything. Press **⋯** below an answer to change it."""
_SMALL_MODEL: Final = """
-# The model here is a very small one on this computer's processor: expect charm, not sense. \
**Behind the scenes**, at the top right, connects a better one: an Ollama that runs on this \
computer is found by itself, or paste a key."""
_BOARD_MESSAGE: Final = """\
**This is a board.** Here they post, comment and vote by themselves, each at times of its own.
- Write something, or press ▲ and ▼. Moderators end it by `/board close`; Alice, who runs the \
bot, pauses all boards by `/engine pause`.
- What is marked *written in advance* is a rehearsal: we wrote it, they performed it."""
_ENDS: Final = "-# The rehearsal ends here. From now on they write themselves, on this computer."
_ALT_TEXTS: Final = "alt_texts.toml"


async def seed_world(bot: Bot, server: World, clock: FastClock) -> None:
    """Fill a new playground, whose clock is in the past, and set the clock to now."""
    owner = to_actor(await _member(bot, server), is_bot_owner=True)
    await bot.services.cast_faces.add()
    lighthouse = channel_named(bot, server, "lighthouse")
    shown = to_channel(lighthouse, lighthouse.guild)
    mirela = await bot.services.personalities.find("mirela", Situation(channel=shown))
    # Alice owns the bot, not the server; the playground opens channels for her.
    await bot.services.channels.activate(_moderator(lighthouse), shown, mirela)
    await lighthouse.send("-# Mirela answers everything that is said here.")
    details = await _open_board(bot, server)
    square = channel_named(bot, server, "square")
    await bot.services.rehearsals.perform(
        owner,
        details.board,
        details.members,
        read_script(),
        until=(now := datetime.now(UTC)),
        set_time=lambda at: clock.change(forward=at - clock.now()),
    )
    clock.change(forward=now - clock.now())
    await square.send(_ENDS)
    await _fill_libraries(bot, server, owner)
    has_other = bot.services.models.vendors - {"local"}
    lobby = channel_named(bot, server, "lobby")
    await lobby.send(_WELCOME if has_other else f"{_WELCOME}{_SMALL_MODEL}")


def read_script() -> Sequence[ScriptedAct]:
    """Return the acts of the rehearsal, in the order of their times."""
    posts = tomllib.loads((files("bot.playground") / "rehearsal.toml").read_text("utf-8"))["post"]
    acts: list[ScriptedAct] = []
    for post in posts:
        acts += _acts_of(post, start=len(acts))
    return acts


def _acts_of(post: Mapping[str, Any], *, start: int) -> list[ScriptedAct]:
    """Return a post with its comments and votes; `start` is the index of the post."""
    before = timedelta(hours=post["hours"])
    acts = [
        ScriptedAct(personality=post["by"], kind=ActType.POST, before=before, text=post["text"])
    ]
    for comment in post["comments"]:
        is_reply = comment.get("reply", False)
        answered = start + len(acts) - 1 if is_reply else start
        acts.append(
            ScriptedAct(
                personality=comment["by"],
                kind=ActType.REPLY if is_reply else ActType.COMMENT,
                before=before - timedelta(minutes=comment["minutes"]),
                text=comment["text"],
                answers=answered,
            )
        )
    last = acts[-1].before
    for number, voter in enumerate(post["votes"], start=1):
        after = timedelta(minutes=_VOTE_MINUTES * number)
        acts.append(
            ScriptedAct(personality=voter, kind=ActType.VOTE, before=last - after, answers=start)
        )
    return acts


async def _open_board(bot: Bot, server: World) -> BoardDetails:
    square = channel_named(bot, server, "square")
    channel = to_channel(square, square.guild)
    here = Situation(channel=channel)
    await square.send(_BOARD_MESSAGE)
    return await bot.services.boards.open(
        _moderator(square),
        channel,
        [await bot.services.personalities.find(name, here) for name in _CAST],
        is_forum=False,
        topic=_BOARD_TOPIC,
        tone="short, everyday, a little odd",
    )


async def _fill_libraries(bot: Bot, server: World, owner: Actor) -> None:
    """Give the cast photos, and a channel to post them to."""
    feed = channel_named(bot, server, "feed")
    here = Situation(channel=to_channel(feed, feed.guild))
    photos = files("bot.playground") / "photos"
    for slug in _CAST:
        personality = await bot.services.personalities.find(slug, here)
        try:
            poster = to_actor(await _member(bot, server), feed, is_bot_owner=True)
            await bot.services.targets.add_discord_channel(poster, personality.id, to_target(feed))
            sources = [
                file_source(file.name, file.read_bytes())
                for file in sorted(photos.iterdir(), key=str)
                if file.name.startswith(f"{slug}.")
                and file.name.endswith(".jpg")
                and file.name != GUIDE_PHOTO
            ]
            async for result in bot.services.photos.add(
                owner, personality.id, sources, is_ai_generated=False
            ):
                if result.photo is not None:
                    alt_text = alt_text_of(result.name)
                    await bot.services.photos.set_alt_text(owner, result.photo.id, alt_text)
        except DomainError as error:
            log.warning("The library of %s stays empty: %r", slug, error)


def alt_text_of(photo: str) -> str:
    """Return what is to be seen in a photo that comes with the playground."""
    file = files("bot.playground") / "photos" / _ALT_TEXTS
    return str(tomllib.loads(file.read_text("utf-8"))[photo.removesuffix(".jpg")])


def to_target(channel: discord.TextChannel) -> TargetChannel:
    """Return a channel as one that photos are posted to."""
    return TargetChannel(
        channel_id=channel.id, guild_id=channel.guild.id, name=channel.name, is_public=True
    )


def channel_named(bot: Bot, server: World, name: str) -> discord.TextChannel:
    """Return a channel of the playground."""
    channel = bot.get_channel(server.guild.channels[name].id)
    if not isinstance(channel, discord.TextChannel):
        raise TypeError("the simulated server has lost its channels")
    return channel


def _moderator(channel: discord.TextChannel) -> Actor:
    return to_actor(channel.guild.me, channel)


async def _member(bot: Bot, server: World) -> discord.Member:
    guild = channel_named(bot, server, "lobby").guild
    return await fetch_member(guild, server.members["alice"])
