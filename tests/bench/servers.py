"""What quiet messages cost, and how a bot starts, in few servers and in many."""

import asyncio
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter

from bot.app.heartbeat import is_alive
from bot.cli.main import HEARTBEAT
from tests.bench.conversations import Conversations, conversations
from tests.bench.measure import Measure, percentile
from tests.bench.processes import PostgresServer, cpu_seconds, megabytes
from tests.vendors.discord import ALICE_ID, DiscordStandIn
from tests.vendors.discord.processes import troupe
from tests.vendors.openai import OpenAIStandIn

MEMBERS = 100
_MESSAGES, _RATE, _CALLS = 20_000, 1000, 12
_PAUSE_SECONDS = 3.0
_REST_SECONDS = 0.1  # of a request to Discord
_TROUPE, _FLOOR = ["-m", "bot", "run"], ["-m", "tests.bench.floor"]


def measure(url: str) -> list[Measure]:
    """Return what quiet messages cost by what the floor takes, and how a start goes."""
    return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Measure]:
    floor, _ = await _busy(_FLOOR, lambda openai: {"OPENAI_BASE_URL": openai.url}, None)
    server = await PostgresServer.of(url)
    ours, more = await _busy(_TROUPE, lambda openai: troupe(url, openai), server)
    return [
        Measure("quiet_us", ours * 1e6, "µs of processor a message that calls nobody"),
        Measure("quiet_cpu_ratio", ours / floor, "", "≤ 2"),
        *more,
        await _ready(url, 1000, "≤ 10"),
        *await _first_reply(url),
    ]


async def _busy(
    arguments: Sequence[str],
    environment: Callable[[OpenAIStandIn], Mapping[str, str]],
    server: PostgresServer | None,
) -> tuple[float, list[Measure]]:
    """Return the processor time of a message that calls nobody, and what it does to others."""
    async with (
        DiscordStandIn(channels=3, members=MEMBERS, is_limited=False).running() as discord,
        OpenAIStandIn().running() as openai,
        conversations(arguments, discord, openai, environment(openai)) as talk,
    ):
        await asyncio.sleep(_PAUSE_SECONDS)
        for channel_id in discord.channel_ids:
            await talk.turn(channel_id)
        await asyncio.sleep(_PAUSE_SECONDS)
        before = _cpu(talk, server)
        await _say_things(talk, _MESSAGES)
        await talk.turn(discord.channel_ids[0], author_id=ALICE_ID + 500)
        each = (_cpu(talk, server) - before) / _MESSAGES
        if server is None:
            return each, []
        rest = [await _spaced_turn(talk) for _ in range(_CALLS)]
        noise = asyncio.create_task(_say_things(talk, 10**9, rate=_RATE))
        calls = [await _spaced_turn(talk) for _ in range(_CALLS)]
        noise.cancel()
        with suppress(asyncio.CancelledError):
            await noise
        size = megabytes(talk.process)
        await _say_things(talk, 2 * _MESSAGES)
        await talk.turn(discord.channel_ids[0], author_id=ALICE_ID + 500)
        grown = megabytes(talk.process) - size
    ratio = percentile(calls, 0.95) / percentile(rest, 0.95)
    return each, [
        Measure("call_under_load_ratio", ratio, "p95 at 1,000 messages a second", "≤ 1.5"),
        Measure("rss_growth_mb", grown, "MB in 40,000 messages", "≤ 5"),
    ]


async def _spaced_turn(talk: Conversations) -> float:
    await asyncio.sleep(0.3)
    return (await talk.turn(talk.discord.channel_ids[1], author_id=ALICE_ID + 600)).whole


async def _say_things(talk: Conversations, count: int, *, rate: float = 0) -> None:
    """Let people say what calls nobody; without a rate as fast as it is read."""
    generator, began = random.Random(3), perf_counter()
    for number in range(count):
        channel_id = generator.choice(talk.discord.channel_ids)
        text = f"nothing much, number {number}"
        await talk.discord.say(channel_id, text, author_id=ALICE_ID + number % 7)
        if rate and (ahead := began + number / rate - perf_counter()) > 0:
            await asyncio.sleep(ahead)


async def _ready(url: str, guilds: int, must: str) -> Measure:
    """Return the seconds from the start of a process until it serves the last of its servers."""
    began = perf_counter()
    async with (
        DiscordStandIn(guilds=guilds, members=MEMBERS, is_limited=False).running() as discord,
        OpenAIStandIn().running() as openai,
    ):
        with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
            environment = {**troupe(url, openai), "DATA_DIR": folder}
            began = perf_counter()
            async with conversations(_TROUPE, discord, openai, environment) as talk:
                await talk.turn(discord.channel_ids[-1])
                while not is_alive(Path(folder) / HEARTBEAT):
                    await asyncio.sleep(0.05)
                took = perf_counter() - began
    return Measure(f"ready_s_{guilds}", took, "s", must)


async def _first_reply(url: str) -> list[Measure]:
    """Return the requests to Discord of the first reply in a channel after a restart."""
    async with (
        DiscordStandIn(is_limited=False).running() as discord,
        OpenAIStandIn().running() as openai,
    ):
        (channel_id,) = discord.channel_ids
        async with conversations(_TROUPE, discord, openai, troupe(url, openai)) as talk:
            await talk.turn(channel_id)
        async with conversations(_TROUPE, discord, openai, troupe(url, openai)) as talk:
            await asyncio.sleep(_PAUSE_SECONDS)
            discord.delay, called = _REST_SECONDS, discord.called.copy()
            turn = await talk.turn(channel_id)
            calls = discord.called - called
    return [
        Measure("first_reply_calls", calls.total(), "requests to Discord", "≤ 3"),
        Measure("first_reply_after_ms", turn.after, "ms after the model, at 100 ms a request"),
    ]


def _cpu(talk: Conversations, server: PostgresServer | None) -> float:
    return cpu_seconds(talk.process) + (server.cpu_seconds() if server else 0)
