"""The playground: the bot on a simulated Discord, with pages that refresh by themselves."""

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
from services.access import Situation
from services.clock import FastClock

log = logging.getLogger(__name__)

# How long a reply of the local model may take before the page reports its action as uncertain.
_SETTLE_TIMEOUT = 180
_REFRESH_SECONDS = 0.5
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
- In **#lighthouse** Mirela answers everything. Press **⋯** below an answer to change it.
-# The model here is a very small one on this computer's processor, so expect charm, not sense."""


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
    runner = simcord.run(bot, settle_timeout=_SETTLE_TIMEOUT, check_errors=False, shard_count=1)
    env: Env = runner._env  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - before it starts
    env.backend.clock = world.RunningClock(clock)
    if not world.restore(env, file):
        env.backend.bot_user.name = "Troupe"
    async with runner as env, background(bot):
        server = world.build(env)
        bot.owner_ids = {server.members["alice"].id}
        bot.services.budgets.exempt(bot.owner_ids)
        if server.is_new:
            await _welcome(bot, server)
        await _open_board(bot, server)
        async with _pages(env, server, port) as pages:
            _print_addresses(pages, open_browser=open_browser)
            try:
                await _refresh_pages(env, list(pages.values()), file)
            finally:
                world.save(env, file)


async def _welcome(bot: Bot, server: World) -> None:
    lobby = bot.get_channel(server.channels["lobby"].id)
    lighthouse = bot.get_channel(server.channels["lighthouse"].id)
    if not isinstance(lobby, discord.TextChannel) or not isinstance(
        lighthouse, discord.TextChannel
    ):
        raise TypeError("the simulated server has lost its channels")
    await lobby.send(_WELCOME_MESSAGE)
    channel = to_channel(lighthouse, lighthouse.guild)
    mirela = await bot.services.personalities.find("mirela", Situation(channel=channel))
    # Alice owns the bot, not the server; the playground opens the channel for her.
    moderator = to_actor(lighthouse.guild.me, lighthouse)
    await bot.services.channels.activate(moderator, channel, mirela)
    await lighthouse.send("-# Mirela answers everything that is said here.")


async def _open_board(bot: Bot, server: World) -> None:
    """Open the board of the playground, unless the channel has ever been one."""
    square = bot.get_channel(server.channels["square"].id)
    if not isinstance(square, discord.TextChannel):
        raise TypeError("the simulated server has lost its board")
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


@asynccontextmanager
async def _pages(env: Env, server: World, port: int) -> AsyncGenerator[dict[str, Preview]]:
    """Open a page for each channel, and one for Alice's DMs with the bot."""
    alice = server.members["alice"].user
    members = list(server.members.values())
    views = [
        *((f"#{name}", channel, members) for name, channel in server.channels.items()),
        ("Alice's DMs", alice.dm_channel, [alice]),
    ]
    async with AsyncExitStack() as stack:
        pages: dict[str, Preview] = {}
        for number, (name, channel, viewers) in enumerate(views):
            # Simcord allows one page at a time, which only this attribute enforces.
            env._preview = None  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as above
            page = env.preview(
                channel, viewers=viewers, layout="channel", port=port + number if port else None
            )
            pages[name] = await stack.enter_async_context(page)
        yield pages


def _print_addresses(pages: dict[str, Preview], *, open_browser: bool) -> None:
    first, *others = pages.items()
    lines = [f"Playground: {first[1].url}", *(f"  {name}: {page.url}" for name, page in others)]
    print("\n".join(lines), flush=True)  # noqa: T201 - the output of the command
    if open_browser:
        webbrowser.open(first[1].url)


class _PageRefresher:
    """Refreshes a page when the simulation has changed."""

    def __init__(self, env: Env, page: Preview) -> None:
        self._env, self._page = env, page
        self._requests_shown = -1
        # An action on a page publishes it as well; another refresh would only interfere with the
        # next action.
        publish: Any = getattr(page, "_publish")  # noqa: B009 - private on purpose

        def publish_and_count(*arguments: Any, **options: Any) -> Any:
            self._requests_shown = len(env.http_requests)
            return publish(*arguments, **options)

        setattr(page, "_publish", publish_and_count)  # noqa: B010

    async def refresh(self) -> None:
        """Refresh the page if something has happened; skip it while somebody acts on the page."""
        if self._requests_shown != len(self._env.http_requests):
            with suppress(simcord.SetupError, TimeoutError):
                await self._page.refresh()


async def _refresh_pages(env: Env, pages: list[Preview], file: Path) -> None:
    """Refresh the pages and save the simulation, until cancelled."""
    refreshers = [_PageRefresher(env, page) for page in pages]
    requests_saved = 0
    while True:
        await asyncio.sleep(_REFRESH_SECONDS)
        for page in refreshers:
            await page.refresh()
        if len(env.http_requests) != requests_saved:
            requests_saved = len(env.http_requests)
            world.save(env, file)
