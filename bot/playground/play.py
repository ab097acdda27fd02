"""Running the playground: pages that show what happens, also when nobody does anything."""

import asyncio
import logging
import webbrowser
from collections.abc import AsyncGenerator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from pathlib import Path
from typing import Any

import discord
import simcord
from simcord.env import Env
from simcord.preview import Preview

from bot.discord.client import Bot
from bot.discord.converters import to_actor, to_channel
from bot.playground import simulation, world
from bot.playground.world import World
from services.clock import FastClock

log = logging.getLogger(__name__)

# A reply of the local model may take this long before the page calls its action uncertain.
_PATIENCE = 180
_REFRESH_SECONDS = 0.5
_TOPIC = "small things that happen by the sea, in a library and at a night market"
_CAST = ("mirela", "professor-quill", "bex")
_BOARD = """\
**This is a board.** Here they post, comment and vote by themselves, each by a rhythm of its own.
- Write something, or press ▲ and ▼. `/engine status` shows it, `/engine pause` stops it.
- `troupe playground --speed 60` lets an hour pass in a minute."""
_WELCOME = """\
**Welcome to Troupe's playground.** Everything here is the real bot, on a simulated Discord.
- Call somebody by name: `@Mirela how was the night?`, `@Professor Quill`, `@Bex`.
- Type `/` for commands; `/help` explains the rest.
- In **#lighthouse** Mirela answers everything. Press **⋯** below an answer to change it.
-# The model here is a very small one on this computer's processor, so expect charm, not sense."""


async def play(
    bot: Bot,
    working: Callable[[Bot], AbstractAsyncContextManager[None]],
    file: Path,
    *,
    port: int,
    clock: FastClock,
    open_browser: bool,
) -> None:
    """Run the bot over a simulated Discord, kept in `file`, until cancelled."""
    simulation.install()
    runner = simcord.run(bot, settle_timeout=_PATIENCE, check_errors=False, shard_count=1)
    env: Env = runner._env  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - before it starts
    env.backend.clock = world.RunningClock(clock)
    if not world.restore(env, file):
        env.backend.bot_user.name = "Troupe"
    async with runner as env, working(bot):
        place = world.build(env)
        bot.owner_ids = {place.members["alice"].id}
        if place.is_new:
            await _welcome(bot, place)
        await _open_board(bot, place)
        async with _pages(env, place, port) as pages:
            _announce(pages, open_browser=open_browser)
            try:
                await _keep_showing(env, list(pages.values()), file)
            finally:
                world.keep(env, file)


async def _welcome(bot: Bot, place: World) -> None:
    lobby = bot.get_channel(place.channels["lobby"].id)
    lighthouse = bot.get_channel(place.channels["lighthouse"].id)
    if not isinstance(lobby, discord.TextChannel) or not isinstance(
        lighthouse, discord.TextChannel
    ):
        raise TypeError("the simulated server has lost its channels")
    await lobby.send(_WELCOME)
    alice = place.members["alice"].member
    if alice is None:
        raise TypeError("the simulated server has lost Alice")
    mirela = await bot.services.personalities.find(
        "mirela", discord_id=alice.id, channel_id=lighthouse.id
    )
    # Alice owns the bot, not the server; the playground opens the channel for her.
    moderator = to_actor(lighthouse.guild.me, lighthouse)
    await bot.services.channels.activate(
        moderator, to_channel(lighthouse, lighthouse.guild), mirela
    )
    await lighthouse.send("-# Mirela answers everything that is said here.")


async def _open_board(bot: Bot, place: World) -> None:
    """Let the cast act by itself on its board, unless that was ever decided."""
    square = bot.get_channel(place.channels["square"].id)
    if not isinstance(square, discord.TextChannel):
        raise TypeError("the simulated server has lost its board")
    where = to_channel(square, square.guild)
    if await bot.services.boards.exists(where):
        return
    moderator = to_actor(square.guild.me, square)
    find, alice = bot.services.personalities.find, place.members["alice"]
    cast = [await find(name, discord_id=alice.id, channel_id=square.id) for name in _CAST]
    await bot.services.boards.open(
        moderator, where, cast, is_forum=False, topic=_TOPIC, tone="short, everyday, a little odd"
    )
    await square.send(_BOARD)


@asynccontextmanager
async def _pages(env: Env, place: World, port: int) -> AsyncGenerator[dict[str, Preview]]:
    """Open a page a channel, and one for Alice's DMs with the bot."""
    alice = place.members["alice"].user
    everyone = list(place.members.values())
    shown = [
        *((f"#{name}", channel, everyone) for name, channel in place.channels.items()),
        ("Alice's DMs", alice.dm_channel, [alice]),
    ]
    async with AsyncExitStack() as stack:
        pages: dict[str, Preview] = {}
        for number, (name, channel, viewers) in enumerate(shown):
            # Simcord allows one page at a time, but only this attribute says so.
            env._preview = None  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as said
            page = env.preview(
                channel, viewers=viewers, layout="channel", port=port + number if port else None
            )
            pages[name] = await stack.enter_async_context(page)
        yield pages


def _announce(pages: dict[str, Preview], *, open_browser: bool) -> None:
    first, *others = pages.items()
    lines = [f"Playground: {first[1].url}", *(f"  {name}: {page.url}" for name, page in others)]
    print("\n".join(lines), flush=True)  # noqa: T201 - what the command is for
    if open_browser:
        webbrowser.open(first[1].url)


class _Shown:
    """A page, and how much of what has happened it shows."""

    def __init__(self, env: Env, page: Preview) -> None:
        self._env, self._page = env, page
        self._seen = -1
        # Whatever a person does in a page publishes it as well; to refresh it once more would
        # only get in the way of what they do next.
        publish: Any = getattr(page, "_publish")  # noqa: B009 - private on purpose

        def noticed(*arguments: Any, **options: Any) -> Any:
            self._seen = len(env.http_requests)
            return publish(*arguments, **options)

        setattr(page, "_publish", noticed)  # noqa: B010

    async def refresh(self) -> None:
        """Show what has happened by itself; while somebody acts, later."""
        if self._seen != len(self._env.http_requests):
            with suppress(simcord.SetupError, TimeoutError):
                await self._page.refresh()


async def _keep_showing(env: Env, pages: list[Preview], file: Path) -> None:
    """Show what happens by itself, and keep the world."""
    shown = [_Shown(env, page) for page in pages]
    kept = 0
    while True:
        await asyncio.sleep(_REFRESH_SECONDS)
        for page in shown:
            await page.refresh()
        if len(env.http_requests) != kept:
            kept = len(env.http_requests)
            world.keep(env, file)
