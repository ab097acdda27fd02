"""What a reply takes: whole processes on a loopback Discord, beside the least that a bot can do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from db.session import connect
from tests.bench import world
from tests.bench.conversations import Conversations, Turn, conversations, prefix_share
from tests.bench.measure import Measure, percentile
from tests.bench.processes import PostgresServer, cpu_seconds
from tests.vendors.discord import ALICE_ID, DiscordStandIn
from tests.vendors.discord.processes import troupe
from tests.vendors.openai import OpenAIStandIn

TURNS, WARM_UP = 60, 8
_CONVERSATIONS, _EACH = 50, 3
_LOGGED = 20
_SPEAKERS = 3


@dataclass(frozen=True)
class Replies:
    """What was measured of a bot: times in milliseconds, processor time in seconds a reply."""

    turns: Sequence[Turn]
    cpu: float
    burst_per_s: float

    def milliseconds(self, share: float) -> float:
        """Return a percentile of what a reply takes beside the model."""
        return percentile([each.whole for each in self.turns], share)


async def _alone(talk: Conversations, server: PostgresServer | None) -> tuple[list[Turn], float]:
    """Return the turns of one conversation, and the processor time of each."""
    quiet, channel_id = talk.discord.channel_ids[0], talk.discord.channel_ids[1]
    for each in (quiet, channel_id) * (WARM_UP // 2):
        await talk.turn(each)
    await asyncio.sleep(1)
    before = _cpu(talk, server)
    turns = [
        await talk.turn(channel_id, author_id=ALICE_ID + number % _SPEAKERS)
        for number in range(TURNS)
    ]
    await asyncio.sleep(0.5)
    return turns, (_cpu(talk, server) - before) / TURNS


def _cpu(talk: Conversations, server: PostgresServer | None) -> float:
    return cpu_seconds(talk.process) + (server.cpu_seconds() if server else 0)


async def _burst(talk: Conversations) -> float:
    """Return the replies a second in fifty conversations at once."""

    async def converse(number: int, channel_id: int) -> None:
        for _ in range(_EACH):
            await talk.turn(channel_id, author_id=ALICE_ID + number)

    channels = talk.discord.channel_ids[2:]
    began = perf_counter()
    await asyncio.gather(*(converse(n, each) for n, each in enumerate(channels)))
    return len(channels) * _EACH / (perf_counter() - began)


async def _floor() -> Replies:
    async with (
        DiscordStandIn(channels=_CONVERSATIONS + 2, is_limited=False).running() as discord,
        OpenAIStandIn().running() as openai,
        conversations(
            ["-m", "tests.bench.floor"], discord, openai, {"OPENAI_BASE_URL": openai.url}
        ) as talk,
    ):
        turns, cpu = await _alone(talk, None)
        return Replies(turns, cpu, await _burst(talk))


async def _ours(url: str) -> tuple[Replies, list[Measure]]:
    server = await PostgresServer.of(url)
    async with (
        DiscordStandIn(channels=_CONVERSATIONS + 2, is_limited=False).running() as discord,
        OpenAIStandIn().running() as openai,
    ):
        async with conversations(
            ["-m", "bot", "run"], discord, openai, troupe(url, openai)
        ) as talk:
            await asyncio.sleep(2)
            turns, cpu = await _alone(talk, server)
            replies = Replies(turns, cpu, await _burst(talk))
            shared = await _cached(talk)
        return replies, [*shared, *await _traffic(url, server, discord, openai)]


async def _cached(talk: Conversations) -> list[Measure]:
    """Return the share of a prompt that the one before began with, in a talk of three."""
    channel_id, talk.words = talk.discord.channel_ids[0], 60
    talk.openai.requests.clear()
    for number in range(TURNS):
        author_id = ALICE_ID + 100 + number % _SPEAKERS
        await talk.turn(channel_id, author_id=author_id, words=(10, 30))
    talk.words = 0
    share = prefix_share(talk.openai.requests)
    return [Measure("prompt_cached_share", share, "of prompt text", "≥ 0.85")]


async def _traffic(
    url: str, server: PostgresServer, discord: DiscordStandIn, openai: OpenAIStandIn
) -> list[Measure]:
    """Return what replies and messages that call nobody send to the database."""
    await server.log_statements(are_logged=True)
    async with conversations(["-m", "bot", "run"], discord, openai, troupe(url, openai)) as talk:
        await asyncio.sleep(2)
        channel_id = discord.channel_ids[1]
        for _ in range(WARM_UP):
            await talk.turn(channel_id)
        await asyncio.sleep(1)
        at = server.logged()
        for _ in range(_LOGGED):
            await talk.turn(channel_id)
        await asyncio.sleep(1)
        replies, at = server.traffic(at), server.logged()
        for number in range(_LOGGED):
            await discord.say(channel_id, f"nothing much, number {number}")
        await asyncio.sleep(1)
        quiet = server.traffic(at)
    await server.log_statements(are_logged=False)
    return [
        Measure("round_trips_reply", len(replies.statements) / _LOGGED, "to the database", "≤ 14"),
        Measure("transactions_reply", replies.transactions / _LOGGED, "", "≤ 3"),
        Measure("round_trips_quiet", len(quiet.statements) / _LOGGED, "to the database", "≤ 0.1"),
    ]


def measure(url: str) -> list[Measure]:
    """Return what a reply takes by what the floor's takes, and what it sends to the database."""
    return asyncio.run(_measure(url))


def measure_quickly(url: str) -> list[Measure]:
    """Return the same with few memories."""
    return asyncio.run(_measure(url, memories=20_000))


async def _measure(url: str, *, memories: int = world.MEMORIES) -> list[Measure]:
    async with connect(url) as sessions:
        await world.fill(sessions, memories)
    floor = await _floor()
    ours, more = await _ours(url)
    return [
        Measure("floor_reply_p50_ms", floor.milliseconds(0.5), "ms"),
        Measure("floor_reply_p95_ms", floor.milliseconds(0.95), "ms"),
        Measure("reply_p50_ms", ours.milliseconds(0.5), "ms"),
        Measure("reply_p95_ms", ours.milliseconds(0.95), "ms"),
        Measure(
            "reply_floor_ratio_p50", ours.milliseconds(0.5) / floor.milliseconds(0.5), "", "≤ 8"
        ),
        Measure(
            "reply_floor_ratio_p95", ours.milliseconds(0.95) / floor.milliseconds(0.95), "", "≤ 11"
        ),
        Measure("reply_cpu_ms", ours.cpu * 1000, "ms"),
        Measure("reply_cpu_ratio", ours.cpu / floor.cpu, "", "≤ 9"),
        Measure("burst_per_s", ours.burst_per_s, "replies/s"),
        Measure("burst_ratio", ours.burst_per_s / floor.burst_per_s, "", "≥ 0.2"),
        *more,
    ]
