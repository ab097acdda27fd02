"""The playground: the bot on a simulated Discord, with a page of its own."""

import asyncio
import logging
import webbrowser
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import discord

from bot.discord.client import Bot
from bot.discord.converters import to_actor, to_channel
from bot.playground import simulation, world
from bot.playground.live import LiveEnv
from bot.playground.server import PageServer
from bot.playground.world import World, WorldFile
from services.access import Situation
from services.clock import FastClock

log = logging.getLogger(__name__)

# Seconds after something has happened until it is saved.
_SAVE_SECONDS: Final = 2.0
_BOARD_TOPIC = "small things that happen by the sea, in a library and at a night market"
_BOARD_MEMBERS = ("mirela", "professor-quill", "bex")
_BOARD_MESSAGE = """\
**This is a board.** Here they post, comment and vote by themselves, each by a rhythm of its own.
- Write something, or press ▲ and ▼. `/engine status` shows it, `/engine pause` stops it.
- `troupe playground --speed 60` lets an hour pass in a minute."""
_WELCOME_MESSAGE = """\
**Welcome to Troupe's playground.** Everything here is the real bot, on a simulated Discord.
- Call somebody by name: `@Mirela how was the night?`, `@Professor Quill`, `@Bex`.
- Type `/` for commands; `/help` explains the rest.
- In **#lighthouse** Mirela answers everything. Press **⋯** below an answer to change it."""
_SMALL_MODEL = """
-# The model here is a very small one on this computer's processor: expect charm, not sense. For a \
better one, put `OLLAMA_BASE_URL=http://127.0.0.1:11434/v1`, or a key such as `OPENAI_API_KEY`, \
into `.env` and start again."""


async def play(
    bot: Bot,
    background: Callable[[Bot], AbstractAsyncContextManager[None]],
    file: Path,
    *,
    port: int,
    clock: FastClock,
    open_browser: bool,
) -> None:
    """Run the bot on a simulated Discord, which is saved in `file`, until cancelled."""
    simulation.install()
    env, world_file = LiveEnv(bot), WorldFile(file)
    env.backend.clock = world.RunningClock(clock)
    if not world_file.restore(env):
        env.backend.bot_user.name = "Troupe"
    await env.start()
    try:
        async with background(bot):
            server = world.build(env, world_file.token)
            bot.owner_ids = {server.members["alice"].id}
            bot.services.budgets.exempt(bot.owner_ids)
            if server.is_new:
                await _welcome(bot, server)
            await _open_board(bot, server)

            async def names(user_id: int, channel_id: int) -> list[str]:
                return await _names(bot, user_id, channel_id)

            async with PageServer(env, server, names).running(port) as url:
                print(f"Playground: {url}", flush=True)  # noqa: T201 - the output of the command
                if open_browser:
                    webbrowser.open(url)
                await _keep_saved(env, world_file)
    finally:
        await env.shutdown()


async def _names(bot: Bot, user_id: int, channel_id: int) -> list[str]:
    """Return whom a user may call in a channel."""
    shown = bot.get_channel(channel_id)
    guild = getattr(shown, "guild", None)
    situation = Situation(account_ids={user_id}, channel=to_channel(shown, guild))
    listed = await bot.services.personalities.names(situation, query="")
    return [name for name, _, _ in listed]


async def _keep_saved(env: LiveEnv, world_file: WorldFile) -> None:
    """Save the simulation a moment after something has happened, until cancelled, and then."""
    changed = asyncio.Event()
    changed.set()

    def note(*_: Any) -> None:
        changed.set()

    env.backend.subscribers.append(note)
    try:
        while True:
            await changed.wait()
            await asyncio.sleep(_SAVE_SECONDS)
            changed.clear()
            await world_file.save(env)
    finally:
        world_file.save_now(env)


async def _welcome(bot: Bot, server: World) -> None:
    lobby, lighthouse = _channel(bot, server, "lobby"), _channel(bot, server, "lighthouse")
    has_other = bot.services.models.vendors - {"local"}
    await lobby.send(_WELCOME_MESSAGE if has_other else f"{_WELCOME_MESSAGE}{_SMALL_MODEL}")
    channel = to_channel(lighthouse, lighthouse.guild)
    mirela = await bot.services.personalities.find("mirela", Situation(channel=channel))
    # Alice owns the bot, not the server; the playground opens the channel for her.
    moderator = to_actor(lighthouse.guild.me, lighthouse)
    await bot.services.channels.activate(moderator, channel, mirela)
    await lighthouse.send("-# Mirela answers everything that is said here.")


async def _open_board(bot: Bot, server: World) -> None:
    """Open the board of the playground, unless the channel has ever been one."""
    square = _channel(bot, server, "square")
    channel = to_channel(square, square.guild)
    if await bot.services.boards.exists(channel):
        return
    moderator = to_actor(square.guild.me, square)
    here = Situation(channel=channel)
    cast = [await bot.services.personalities.find(name, here) for name in _BOARD_MEMBERS]
    await bot.services.boards.open(
        moderator,
        channel,
        cast,
        is_forum=False,
        topic=_BOARD_TOPIC,
        tone="short, everyday, a little odd",
    )
    await square.send(_BOARD_MESSAGE)


def _channel(bot: Bot, server: World, name: str) -> discord.TextChannel:
    channel = bot.get_channel(server.guild.channels[name].id)
    if not isinstance(channel, discord.TextChannel):
        raise TypeError("the simulated server has lost its channels")
    return channel
