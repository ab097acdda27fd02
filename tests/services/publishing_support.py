"""Publishing with a scripted model, and a process that publishes until it is killed."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from typing_extensions import override

from bot.discord.errors import describe
from db.models import JobStatus, Personality
from db.session import Sessions, connect
from services.jobs import CONCURRENCY, JobMetrics, Worker
from services.llm import PRICES, ConfiguredVendor, LanguageModels, Ledger, background_calls
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from services.media import FolderStore
from services.notifications import Notice, Notifier, ReplyAddress
from services.personalities import PersonalityService
from services.publishing import (
    PublishAttempt,
    PublishHandler,
    PublishingService,
    PublishNoticeHandler,
    PublishResult,
)
from services.types import Actor
from tests.services.crashes import Checkpoint
from tests.services.job_support import QUICK, all_ended

OPEN = (JobStatus.PENDING, JobStatus.RUNNING)
OWNER = Actor(discord_id=1, name="owner")
STRANGER = Actor(discord_id=2, name="stranger")
ANSWERS: dict[str, dict[str, Any]] = {
    "RatingAnswer": {"about_sex": "no"},
    "TagsAnswer": {
        "tags": [
            {"tag": "keeper", "confidence": 90},
            {"tag": "gruff", "confidence": 70},
            {"tag": "keeper", "confidence": 40},
        ]
    },
    "GenderAnswer": {"gender": "female"},
    "AgeAnswer": {"age": 44},
    "HeadlineAnswer": {"headline": "Counts the ships that never came back"},
}
# None of these personalities has a face of its own.
STORE = FolderStore(Path("no-such-folder"), base_url="http://127.0.0.1")
DESCRIPTION = {"name": "Ada", "character_info": "She keeps a lighthouse and counts ships."}


def question_of(body: dict[str, Any]) -> str:
    """Return the name of the response format that a request asks for."""
    return body["response_format"]["json_schema"]["name"]


def judge(**answers: dict[str, Any] | str) -> Callable[[dict[str, Any]], str]:
    """Return a model that answers every question, with defaults for those not given."""

    def answer(body: dict[str, Any]) -> str:
        reply = {**ANSWERS, **answers}[question_of(body)]
        return reply if isinstance(reply, str) else json.dumps(reply)

    return answer


class FakeNotifier(Notifier):
    """Records the notifications it sends."""

    def __init__(self, *, reachable: bool = True) -> None:
        self.reachable = reachable
        self.replies: list[str] = []
        self.letters: list[tuple[int, str]] = []

    @override
    async def edit_reply(self, address: ReplyAddress, notice: Notice) -> bool:
        assert isinstance(notice, PublishResult)
        if self.reachable:
            self.replies.append(notice.attempt.status)
        return self.reachable

    @override
    async def send_dm(self, discord_id: int, notice: Notice) -> bool:
        assert isinstance(notice, PublishResult)
        self.letters.append((discord_id, notice.attempt.status))
        return True


def publisher(
    sessions: Sessions,
    models: LanguageModels,
    notifier: Notifier,
    *,
    checkpoint: Checkpoint = lambda _: None,
) -> Worker:
    """Return a worker that publishes."""
    return Worker(
        sessions,
        [
            PublishHandler(sessions, models, STORE),
            PublishNoticeHandler(notifier),
        ],
        concurrency=CONCURRENCY,
        describe=describe,
        metrics=JobMetrics(),
        timing=QUICK,
        checkpoint=checkpoint,
    )


@asynccontextmanager
async def publishing(
    sessions: Sessions, models: LanguageModels, notifier: Notifier | None = None
) -> AsyncGenerator[PublishingService]:
    """Publish while the context is open."""
    async with publisher(sessions, models, notifier or FakeNotifier()).running():
        yield PublishingService(sessions, models)


async def create_personality(sessions: Sessions, **texts: str) -> Personality:
    return await PersonalityService(sessions).create(OWNER, {**DESCRIPTION, **texts})


async def now(sessions: Sessions, personality_id: UUID) -> Personality:
    async with sessions() as session:
        return await session.get_one(Personality, personality_id)


async def last(service: PublishingService, personality_id: UUID) -> PublishAttempt:
    """Return the last attempt to publish a personality."""
    return (await service.history(OWNER, personality_id))[0]


async def ended(
    service: PublishingService, personality_id: UUID, *, seconds: float = 15
) -> PublishAttempt:
    """Wait for the last attempt to publish a personality to end."""
    async with asyncio.timeout(seconds):
        while (attempt := await last(service, personality_id)).status in OPEN:
            await asyncio.sleep(0.02)
    return attempt


async def publish(
    sessions: Sessions, models: LanguageModels, personality_id: UUID, **options: Any
) -> PublishAttempt:
    """Publish a personality and return how that ended."""
    async with publishing(sessions, models) as service:
        await service.start(OWNER, personality_id, **options)
        return await ended(service, personality_id)


async def wait_for_notice(service: PublishingService, personality_id: UUID) -> PublishAttempt:
    """Wait until the notification about the last attempt was sent."""
    async with asyncio.timeout(15):
        while (attempt := await last(service, personality_id)).reply is not None:
            await asyncio.sleep(0.05)
    return attempt


async def publish_due(checkpoint: Checkpoint, url: str, vendor_url: str) -> None:
    """Run a worker that publishes until no job is open."""
    async with connect(url) as sessions, background_calls() as carrier:
        texts = OpenAICompatible("openai", api_key="sk-x", base_url=vendor_url, dialect=Dialect())
        models = LanguageModels(
            Ledger(sessions, PRICES), carrier, {"openai": ConfiguredVendor(texts, "gpt-6-luna")}
        )
        worker = publisher(sessions, models, FakeNotifier(), checkpoint=checkpoint)
        async with worker.running():
            await all_ended(sessions)
        await texts.close()
