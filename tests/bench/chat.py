"""A conversation service before a model on loopback, without Discord: for measures of the loop."""

import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import accumulate, count
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestServer
from typing_extensions import override

from db.session import Sessions, connect
from services.access import AccessRefused
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
from services.seeds import seed
from services.types import Channel, IncomingMessage, Speaker, Venue
from tests.fakes import FakeChatAdapter, Notices, no_faces, no_voice

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


@asynccontextmanager
async def chatting(
    url: str,
    embedder: WordLlamaEmbedder,
    adapter: FakeChatAdapter,
    vendor: TimedVendor,
    *,
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
            Ledger(sessions, PRICES),
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


def sentence(generator: random.Random, low: int = 4, high: int = 14) -> str:
    """Return a sentence with words of all frequencies."""
    words = generator.choices(_WORDS, cum_weights=_WEIGHTS, k=generator.randrange(low, high))
    return "the " + " and the ".join(words)
