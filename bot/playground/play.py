"""The playground: the bot on a simulated Discord, with a page of its own."""

import asyncio
import logging
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from simcord.actors import MemberActor

from bot.app.settings import Settings
from bot.discord.client import Bot
from bot.discord.converters import to_channel
from bot.playground import simulation, world
from bot.playground.actions import Action, ActionRefused, Arguments
from bot.playground.better_models import KEYS, KeyRefused, Restart, keep_key
from bot.playground.guide import Guide
from bot.playground.inspector import Inspector
from bot.playground.live import EMOJI_BASE, LiveEnv
from bot.playground.seeding import seed_world
from bot.playground.server import PageServer
from bot.playground.world import World, WorldFile
from services.access import Situation
from services.clock import FastClock
from services.llm import VENDORS, RequestLog
from services.types import Actor

log = logging.getLogger(__name__)

# Seconds after something has happened until it is saved.
_SAVE_SECONDS: Final = 2.0
_FIRST_TIME: Final = "Preparing the characters, their board and photos; this happens once."
_ENV_FILE: Final = Path(".env")
_OPERATOR: Final = Actor(discord_id=0, name="console", is_bot_owner=True)


@dataclass(frozen=True, kw_only=True)
class PlayOptions:
    """How the playground runs; `vendor` is whose models are to be used from now on."""

    file: Path
    port: int
    clock: FastClock
    requests: RequestLog
    settings: Settings
    vendor: str | None = None
    open_browser: bool = True


async def play(
    bot: Bot, background: Callable[[Bot], AbstractAsyncContextManager[None]], options: PlayOptions
) -> Restart:
    """Run the bot on a simulated Discord until cancelled; return how it is to start again."""
    simulation.install()
    env, world_file = LiveEnv(bot), WorldFile(options.file)
    env.backend.clock = world.RunningClock(options.clock)
    if not world_file.restore(env):
        env.backend.bot_user.name = "Troupe"
    await env.start()
    try:
        server = world.build(env, world_file.token)
        bot.owner_ids = {server.members["alice"].id}
        bot.services.budgets.exempt(bot.owner_ids)
        if server.is_new:
            print(_FIRST_TIME, flush=True)  # noqa: T201 - the output of the command
            await seed_world(bot, server, options.clock)
        if options.vendor is not None:
            await _use(bot, options.vendor)
        page = PageServer(env, server)
        extras = _PageActions(bot, server, page, options)
        page.actions.add(extras.actions())
        async with background(bot), page.running(options.port or world_file.port) as url:
            world_file.port = urlsplit(url).port or 0
            print(f"Playground: {url}", flush=True)  # noqa: T201 - the output of the command
            if options.open_browser:
                webbrowser.open(url)
            return await _keep_saved(env, world_file, extras.restart)
    finally:
        await env.shutdown()


class _PageActions:
    """What the page can do that Discord cannot."""

    def __init__(self, bot: Bot, server: World, page: PageServer, options: PlayOptions) -> None:
        self._bot = bot
        self._page = page
        self._options = options
        self._inspector = Inspector(bot, options.requests, options.clock, page.tell_time)
        self._guide = Guide(bot, server, page.actions, self._inspector)
        self.restart: asyncio.Future[Restart] = asyncio.get_running_loop().create_future()

    def actions(self) -> Mapping[str, Action]:
        """Return the actions by their names."""
        return {
            "names": self._names,
            "overview": self._overview,
            "inspect": self._inspect,
            "clock": self._set_clock,
            "guide": self._do_step,
            "undo": self._undo_step,
            "key": self._keep_key,
            "model": self._choose_model,
        }

    async def _names(self, who: MemberActor, arguments: Arguments) -> list[dict[str, str]]:
        """Return whom one may call in a channel."""
        personalities = self._bot.services.personalities
        shown = self._bot.get_channel(int(arguments["channel"]))
        here = to_channel(shown, getattr(shown, "guild", None))
        situation = Situation(account_ids={who.id}, channel=here)
        names = await personalities.names(situation, query="")
        actor = Actor(discord_id=who.id, name=who.user.name)
        listed = await personalities.list_personalities(actor, age_restricted=here.age_restricted)
        known = {each.slug: each for each, _ in listed}
        return [
            {
                "name": name,
                "face": ((each and each.avatar_url) or "").replace(EMOJI_BASE, "emojis"),
                "headline": (each and each.headline) or "",
            }
            for name, slug, _ in names
            for each in (known.get(slug),)
        ]

    async def _overview(self, _: MemberActor, __: Arguments) -> dict[str, Any]:
        keys = {name: VENDORS[name].label for name in KEYS}
        return {**await self._inspector.overview(), "models": await self._models(), "keys": keys}

    async def _models(self) -> list[dict[str, Any]]:
        """Return the configured vendors, with the model of each."""
        models = self._bot.services.models
        configs = await self._bot.services.configs.available(_OPERATOR)
        default = next((each.model for each in configs if each.is_default), "")
        return [
            {
                "vendor": vendor,
                "label": VENDORS[vendor].label,
                "model": models.resolve(f"{vendor}/default").partition("/")[2],
                "used": default.startswith(f"{vendor}/"),
            }
            for vendor in sorted(models.vendors)
        ]

    async def _inspect(self, who: MemberActor, arguments: Arguments) -> Any:
        channel_id, message_id = int(arguments["channel"]), int(arguments["id"])
        return await self._inspector.message(who, channel_id, message_id)

    async def _set_clock(self, _: MemberActor, arguments: Arguments) -> None:
        speed = arguments.get("speed")
        forward = timedelta(minutes=float(arguments.get("minutes") or 0))
        await self._inspector.set_clock(
            speed=None if speed is None else float(speed), forward=forward
        )

    async def _do_step(self, who: MemberActor, arguments: Arguments) -> dict[str, str]:
        options = {"file": str(arguments["file"])} if arguments.get("file") else {}
        return await self._guide.do(who, str(arguments["step"]), **options)

    async def _undo_step(self, who: MemberActor, arguments: Arguments) -> None:
        await self._guide.undo(who, str(arguments["step"]))

    async def _choose_model(self, who: MemberActor, arguments: Arguments) -> None:
        self._check_owner(who)
        await _use(self._bot, str(arguments["vendor"]))

    def _check_owner(self, who: MemberActor) -> None:
        if who.id not in (self._bot.owner_ids or ()):
            raise ActionRefused("Only Alice, who runs this bot, may do that.")

    async def _keep_key(self, who: MemberActor, arguments: Arguments) -> None:
        self._check_owner(who)
        vendor, key = str(arguments["vendor"]), str(arguments["key"]).strip()
        try:
            await keep_key(self._options.settings, vendor, key, _ENV_FILE)
        except KeyRefused as refused:
            raise ActionRefused(str(refused)) from refused
        port = urlsplit(self._page.url).port or 0
        if not self.restart.done():
            self.restart.set_result(Restart(port, vendor))


async def _use(bot: Bot, vendor: str) -> None:
    """Make the config of a vendor the one that is used where nobody has chosen another."""
    config = await bot.services.configs.get(_OPERATOR, VENDORS[vendor].label)
    await bot.services.configs.set_global_default(_OPERATOR, config)


async def _keep_saved(
    env: LiveEnv, world_file: WorldFile, restart: asyncio.Future[Restart]
) -> Restart:
    """Save the simulation a moment after something has happened, until it is to start again."""
    changed = asyncio.Event()
    changed.set()

    def note(*_: Any) -> None:
        changed.set()

    async def save() -> None:
        while True:
            await changed.wait()
            await asyncio.sleep(_SAVE_SECONDS)
            changed.clear()
            await world_file.save(env)

    env.backend.subscribers.append(note)
    saving = asyncio.create_task(save())
    try:
        await asyncio.wait({restart, saving}, return_when=asyncio.FIRST_COMPLETED)
        if saving.done():
            saving.result()
        return restart.result()
    finally:
        saving.cancel()
        world_file.save_now(env)
