"""A simulated Discord that nobody waits for: simcord 3.2.1 without what tests need of it.

It leaves out the patched event loop and clocks, the tracking of tasks, and the rule that one action
ends before the next begins. It reaches into simcord's private parts: hence the pin.
"""
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import asyncio
import base64
import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import discord
from simcord import _dpy_internals
from simcord._runtime import _LIVE_LOOPS
from simcord.backend import serializers
from simcord.backend.models import Interaction
from simcord.env import Env
from simcord.gateway import ShardRouter
from simcord.http.client import FakeHTTPClient, FakeWebhookAdapter, _path_of
from typing_extensions import override

T = TypeVar("T")

EMOJI_BASE = "https://cdn.discordapp.com/emojis"
_EMOJIS = ("POST", "/applications/{application_id}/emojis")

# How long Discord waits for the first word on an interaction, and how long its token lives.
FIRST_WORD_SECONDS = 3.0
_TOKEN_SECONDS = 15 * 60
_CALLBACK = re.compile(r"/interactions/(\d+)/")
_TOKEN = re.compile(r"/webhooks/\d+/([^/]+)")
# Of events and calls, which simcord remembers with copies of their bodies.
_REMEMBERED = 1000


class _Http(FakeHTTPClient):
    env: "LiveEnv"

    @override
    async def request(self, route: Any, **options: Any) -> Any:
        answer = await self.env.follow(route, super().request(route, **options))
        if (route.method, route.path) == _EMOJIS:
            # Simcord keeps no pictures of emoji.
            picture = base64.b64decode(options["json"]["image"].partition(",")[2])
            self.env.backend.cdn._blobs[f"{EMOJI_BASE}/{answer['id']}.png"] = picture
        return answer


class _WebhookAdapter(FakeWebhookAdapter):
    env: "LiveEnv"

    @override
    async def request(self, route: Any, session: Any, **options: Any) -> Any:
        return await self.env.follow(route, super().request(route, session, **options))


class LiveEnv(Env):
    """An `Env` whose actions return at once, and whose bot runs as freely as on Discord.

    `on_interaction` is called whenever the bot has answered an interaction, or changed its answer.
    """

    def __init__(self, bot: discord.Client) -> None:
        super().__init__(bot, check_errors=False, shard_count=1)
        self.on_interaction: Callable[[Interaction], None] = lambda _: None
        self._answered: dict[int, asyncio.Event] = {}
        backend: Any = self.backend
        backend.transcript = deque[Any](maxlen=_REMEMBERED)
        backend.http_requests = deque[Any](maxlen=_REMEMBERED)
        self._new_interaction = cast("Callable[..., Interaction]", backend.new_interaction)
        backend.new_interaction = self._begin_interaction

    @override
    def _begin_operation(self, label: str) -> None:
        """Let several people act at once."""

    @override
    def _end_operation(self) -> None:
        """Let several people act at once."""

    @override
    async def _settle_internal(self, **_: Any) -> None:
        """Wait for nothing."""

    @override
    async def start(self) -> None:
        """Connect the bot, as simcord does, but leave the loop and the clocks alone."""
        loop = self._loop = asyncio.get_running_loop()
        _LIVE_LOOPS[loop] = self
        self._started = True
        bot, state = self.bot, _dpy_internals.get_state(self.bot)
        http, adapter = _Http(self.backend, loop), _WebhookAdapter(self.backend)
        http.env = adapter.env = self
        _dpy_internals.install_http(bot, http)
        _dpy_internals.set_guild_ready_timeout(bot, 0.0)
        # Before the bot makes any task: what answers webhooks is a context variable.
        self._webhook_adapter = adapter
        self._adapter_token = _dpy_internals.set_webhook_adapter(adapter)
        self._message_states.add(state)
        state.shard_count, state.shard_ids = self._shard_count, list(self._shard_ids)
        router = ShardRouter(self.backend, state, bot.dispatch, self._shard_count, self._shard_ids)

        def feed(event: str, payload: Any) -> None:
            previous = _dpy_internals.set_webhook_adapter(adapter)
            try:
                router.feed(event, payload)
            finally:
                _dpy_internals.reset_webhook_adapter(previous)

        self._gateway_feed = feed
        self.backend.subscribers.append(feed)
        await bot.login("simcord.fake.token")
        if isinstance(bot, discord.AutoShardedClient):
            bot.shard_count = self._shard_count
            _dpy_internals.install_shards(bot, router.shards)
        else:
            _dpy_internals.install_websocket(bot, router.websockets[0])
        for shard_id in self._shard_ids:
            router.identify(shard_id)
        for guild in list(self.backend.guilds.values()):
            self.backend.emit("GUILD_CREATE", serializers.guild_create_payload(self.backend, guild))
        await bot.wait_until_ready()

    @override
    async def shutdown(self) -> None:
        """Disconnect the bot."""
        self.backend.subscribers.remove(self._gateway_feed)
        if isinstance(self.bot, discord.AutoShardedClient):
            _dpy_internals.clear_shards(self.bot)  # closing waits for sockets that never were
        await self.bot.close()
        _dpy_internals.reset_webhook_adapter(self._adapter_token)
        if self._loop is not None:
            _LIVE_LOOPS.pop(self._loop, None)
        self._started = False

    def _begin_interaction(self, *about: Any) -> Interaction:
        """Give an interaction its time: three real seconds, however fast the bot's clock runs."""
        interaction = self._new_interaction(*about)
        interaction.expires_at = interaction.initial_response_deadline = None  # never, until then
        loop = asyncio.get_running_loop()

        def end_waiting() -> None:
            if not interaction.responded:
                interaction.initial_response_deadline = self.backend.now_iso()

        def end_token() -> None:
            interaction.expires_at = self.backend.now_iso()
            self._answered.pop(interaction.id, None)

        loop.call_later(FIRST_WORD_SECONDS, end_waiting)
        loop.call_later(_TOKEN_SECONDS, end_token)
        return interaction

    async def follow(self, route: Any, call: Awaitable[T]) -> T:
        """Let the bot make a call, and look whether it was about an interaction."""
        try:
            return await call
        finally:
            if (interaction := self._interaction_of(_path_of(route.url))) is not None:
                if interaction.responded:
                    self._answered.setdefault(interaction.id, asyncio.Event()).set()
                self.on_interaction(interaction)

    def _interaction_of(self, path: str) -> Interaction | None:
        if match := _CALLBACK.match(path):
            return self.backend.interactions.get(int(match[1]))
        if match := _TOKEN.match(path):
            interaction_id = self.backend.interaction_tokens.get(match[1])
            return self.backend.interactions.get(interaction_id) if interaction_id else None
        return None

    async def is_answered(self, interaction: Interaction) -> bool:
        """Wait as long as Discord does; return whether the bot has answered an interaction."""
        event = self._answered.setdefault(interaction.id, asyncio.Event())
        if interaction.responded:
            return True
        try:
            await asyncio.wait_for(event.wait(), FIRST_WORD_SECONDS)
        except TimeoutError:
            return False
        return True
