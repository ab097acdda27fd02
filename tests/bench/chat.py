"""The bot's overhead on top of the model's time, and the share of a prompt that is cached."""

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import accumulate, count, pairwise
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import insert, select, text
from typing_extensions import override

from db.models import Memory, Personality, User
from db.session import Sessions, connect
from services.access import AccessRefused, BudgetPolicy, Budgets, Caller, Reservation
from services.chat import (
    AnswerSlots,
    ChatService,
    ConversationWriter,
    Page,
    ReplyGenerator,
    TurnChooser,
)
from services.clock import SystemClock
from services.embeddings import WordLlamaEmbedder
from services.llm import PRICES, ConfiguredVendor, LanguageModels, Ledger, background_calls
from services.llm.openai_compatible import Dialect, OpenAICompatible
from services.lore import LoreLibrary
from services.memory import index
from services.seeds import seed
from services.types import Channel, IncomingMessage, Speaker, Venue
from tests.bench.measure import Measure, percentile
from tests.fakes import FakeChatAdapter, Notices, no_faces, no_voice

MEMORIES = 100_000
TURNS_ALONE, TURNS_EACH, CONVERSATIONS, TURNS_CACHED, TURNS_ACCESS = 100, 6, 50, 60, 200
WARM_UP = 20
GUILD = 1
IDS = count(10_000)
# Words as frequent as in real text, without the most common ones: the word of rank r occurs in
# proportion to 1 / (r + 50), so the commonest is in about every tenth exchange.
_WORDS = [f"word{rank}" for rank in range(5000)]
_WEIGHTS = list(accumulate(1 / (rank + 50) for rank in range(5000)))


class TimedAdapter(FakeChatAdapter):
    """Records when an answer is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent_at: dict[int, float] = {}

    @override
    async def send(
        self,
        channel: Channel,
        speaker: Speaker,
        text: str,
        *,
        line_id: UUID,
        page: Page | None = None,
    ) -> list[int]:
        self.sent_at[channel.channel_id] = time.perf_counter()
        return [next(IDS)]

    @override
    async def send_refusal(
        self, message: IncomingMessage, error: AccessRefused, *, in_words: bool
    ) -> None:
        raise error

    @override
    async def send_error(self, message: IncomingMessage, error: Exception) -> None:
        raise error


class TimedVendor:
    """A model without latency that records when it is requested and when it answers."""

    def __init__(self) -> None:
        self.requested_at: dict[str, float] = {}
        self.answered_at: dict[str, float] = {}
        self.prompts: list[list[dict[str, Any]]] = []
        self.content: str | None = None
        self._random = random.Random(1)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[str]:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        async with TestServer(app, host="127.0.0.1") as server:
            yield str(server.make_url("/v1"))

    async def _complete(self, request: web.Request) -> web.Response:
        requested_at = time.perf_counter()
        body = await request.json()
        channel = body["prompt_cache_key"].rpartition(":")[2]
        self.requested_at[channel] = requested_at
        self.prompts.append(body["messages"])
        content = self.content or sentence(self._random)
        answer = {
            "id": "1", "object": "chat.completion", "created": 1, "model": body["model"],
            "choices": [
                {
                    "index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": content},
                }
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip
        self.answered_at[channel] = time.perf_counter()
        return web.json_response(answer)


def measure(url: str) -> list[Measure]:
    """Return the overhead of a reply, alone and among 50, and the cached share of prompts."""
    return asyncio.run(_measure(url))


class SwitchedBudgets(BudgetPolicy):
    """Budgets that can be switched off, to measure what reserving takes."""

    def __init__(self) -> None:
        self.real: BudgetPolicy | None = None
        self.is_on = True

    @override
    async def reserve(
        self, caller: Caller, *, bound_usd: float, expected_usd: float
    ) -> Reservation | None:
        if self.real is None or not self.is_on:
            return None
        return await self.real.reserve(caller, bound_usd=bound_usd, expected_usd=expected_usd)

    @override
    async def reserve_on_key(
        self, key_id: UUID, *, bound_usd: float, budget_usd: float
    ) -> Reservation:
        raise AssertionError(key_id)


@asynccontextmanager
async def chatting(
    url: str,
    embedder: WordLlamaEmbedder,
    adapter: FakeChatAdapter,
    vendor: TimedVendor,
    *,
    budgets: BudgetPolicy | None = None,
    lore: LoreLibrary | None = None,
) -> AsyncGenerator[tuple[Sessions, ChatService]]:
    """Open the service on a database, in front of a vendor."""
    dialect = Dialect(cache_key=True, context_tokens=32_000)
    async with (
        connect(url) as sessions,
        background_calls() as background,
        vendor.running() as address,
    ):
        texts = OpenAICompatible("openai", api_key="x", base_url=address, dialect=dialect)
        await seed(sessions, vendors={"openai"})
        models = LanguageModels(
            Ledger(sessions, PRICES, budgets),
            background,
            {"openai": ConfiguredVendor(texts, "gpt-6-luna")},
        )
        generator = ReplyGenerator(sessions, models, embedder, SystemClock(), lore=lore)
        yield (
            sessions,
            ChatService(
                sessions,
                generator,
                ConversationWriter(sessions, embedder),
                adapter,
                Notices(),
                no_faces(sessions),
                background,
                no_voice(sessions, models),
                TurnChooser(sessions, embedder),
                AnswerSlots(),
            ),
        )
        await texts.close()


async def _measure(url: str) -> list[Measure]:
    embedder, adapter, vendor = WordLlamaEmbedder(), TimedAdapter(), TimedVendor()
    async with chatting(url, embedder, adapter, vendor) as (sessions, chat):
        await _fill_memory(sessions, embedder)
        await converse(chat, adapter, vendor, channel_id=1, turns=5)  # connections, plans
        alone = await converse(chat, adapter, vendor, channel_id=2, turns=TURNS_ALONE)
        crowd = await asyncio.gather(
            *(
                converse(chat, adapter, vendor, channel_id=100 + number, turns=TURNS_EACH)
                for number in range(CONVERSATIONS)
            )
        )
        vendor.prompts.clear()
        await converse(chat, adapter, vendor, channel_id=3, turns=TURNS_CACHED)
    overhead = await _reserving_overhead(url, embedder)
    together = [took for each in crowd for took in each]
    return [
        Measure("chat_overhead_p50_ms", percentile(alone, 0.5), "ms"),
        Measure("chat_overhead_p95_ms", percentile(alone, 0.95), "ms", "≤ 50"),
        Measure("chat_overhead_50_p50_ms", percentile(together, 0.5), "ms"),
        Measure("chat_overhead_50_p95_ms", percentile(together, 0.95), "ms"),
        Measure("access_overhead_ratio", overhead, "of a turn without budgets", "≤ 1.05"),
        Measure("prompt_cached_share", _cached_share(vendor.prompts), "of prompt text", "≥ 0.75"),
    ]


async def converse(
    chat: ChatService, adapter: TimedAdapter, vendor: TimedVendor, *, channel_id: int, turns: int
) -> list[float]:
    """Return the milliseconds of each turn that were not the model's."""
    generator = random.Random(channel_id)
    took: list[float] = []
    channel = Channel(channel_id=channel_id, guild_id=GUILD, venue=Venue.PUBLIC)
    for _ in range(turns):
        message = IncomingMessage(
            message_id=next(IDS),
            channel=channel,
            author_id=1000 + channel_id,
            author_name=f"user{channel_id}",
            content=f"@Mirela {sentence(generator)}",
            created_at=datetime.now(UTC),
        )
        began = time.perf_counter()
        await chat.handle_message(message)
        key = str(channel_id)
        before = vendor.requested_at[key] - began
        after = adapter.sent_at[channel_id] - vendor.answered_at[key]
        took.append((before + after) * 1000)
    return took


async def _reserving_overhead(url: str, embedder: WordLlamaEmbedder) -> float:
    """Return what a turn with budgets takes by what one without takes, in one conversation.

    The difference is the median of pairs of neighbours, which share what else the machine does.
    """
    took: dict[bool, list[float]] = {True: [], False: []}
    adapter, vendor, budgets = TimedAdapter(), TimedVendor(), SwitchedBudgets()
    async with chatting(url, embedder, adapter, vendor, budgets=budgets) as (sessions, chat):
        budgets.real = Budgets(sessions)
        for turn in range(TURNS_ACCESS):
            # Each comes first as often as the other.
            for budgets.is_on in (turn % 2 == 0, turn % 2 == 1):
                times = await converse(chat, adapter, vendor, channel_id=5000, turns=1)
                took[budgets.is_on] += times if turn >= WARM_UP else []  # connections, plans
    pairs = zip(took[True], took[False], strict=True)
    return 1 + percentile([on - off for on, off in pairs], 0.5) / percentile(took[False], 0.5)


async def _fill_memory(sessions: Sessions, embedder: WordLlamaEmbedder) -> None:
    """Insert memories of all personalities in the guild that is measured."""
    generator = random.Random(2)
    async with sessions.begin() as session:
        ids = list(await session.scalars(select(Personality.id)))
        user = User(discord_id=1, username="someone")
        session.add(user)
        await session.flush()
        # Building the index at the end is many times faster than row by row.
        await session.execute(text("DROP INDEX ix_memories_embedding"))
        for _ in range(MEMORIES // 5000):
            exchanges = [
                f"someone: {sentence(generator)}\nMirela: {sentence(generator)}"
                for _ in range(5000)
            ]
            texts = await index(embedder, exchanges)
            await session.execute(
                insert(Memory),
                [
                    {
                        "personality_id": generator.choice(ids), "user_id": user.id,
                        "venue": Venue.PUBLIC, "channel_id": 1, "guild_id": GUILD,
                        "session_id": uuid4(), **indexed.columns(),
                    }
                    for indexed in texts
                ],
            )  # fmt: skip
        await session.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        await session.execute(
            text(
                "CREATE INDEX ix_memories_embedding ON memories "
                "USING hnsw (embedding vector_cosine_ops)"
            )
        )
    async with sessions.begin() as session:
        await session.execute(text("ANALYZE memories"))


def sentence(generator: random.Random, low: int = 4, high: int = 14) -> str:
    """Return a sentence with words of all frequencies."""
    words = generator.choices(_WORDS, cum_weights=_WEIGHTS, k=generator.randrange(low, high))
    return "the " + " and the ".join(words)


def _cached_share(prompts: list[list[dict[str, Any]]]) -> float:
    """Return the share of all prompts but the first that is a prefix of the previous one."""
    written = [json.dumps(prompt, ensure_ascii=False) for prompt in prompts]
    shared = sum(_common(a, b) for a, b in pairwise(written))
    return shared / sum(map(len, written[1:]))


def _common(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
