"""A publication whose process is killed at any checkpoint is resumed."""

import signal
from uuid import UUID

import pytest
from sqlalchemy import func, select

from db.models import Personality, PersonalityTag, PublishAttempt, Visibility
from db.session import Sessions
from services.llm import LanguageModels
from services.publishing import PublishingService
from tests.services.crashes import process
from tests.services.job_support import end_leases
from tests.services.publishing_support import (
    OWNER,
    create_personality,
    ended,
    judge,
    publish_due,
    publishing,
    question_of,
)
from tests.vendors.openai import OpenAIStandIn

pytestmark = pytest.mark.slow


async def check(sessions: Sessions, personality_id: UUID) -> None:
    """Assert that a personality was published once and completely."""
    async with sessions() as session:
        public = await session.get_one(Personality, personality_id)
        attempts = await session.scalars(
            select(PublishAttempt).where(PublishAttempt.personality_id == personality_id)
        )
        tags = await session.scalar(
            select(func.count())
            .select_from(PersonalityTag)
            .where(PersonalityTag.personality_id == personality_id)
        )
        assert [each.status for each in attempts] == ["done"]
        assert (public.visibility, tags) == (Visibility.PUBLIC, 2)
        assert (public.last_publish_attempt or {})["status"] == "done"


@pytest.mark.usefixtures("models")  # the database is seeded
async def test_a_kill_at_any_point_ends_in_one_publication(
    sessions: Sessions, database_url: str, openai: OpenAIStandIn, models: LanguageModels
) -> None:
    openai.answer = judge()
    service = PublishingService(sessions, models)
    first = await create_personality(sessions)
    await service.start(OWNER, first.id)

    code, points = await process(publish_due, -1, database_url, openai.url)
    await check(sessions, first.id)
    steps = [point.removesuffix(": kept") for point in points if point.endswith(": kept")]
    assert (code, len(points), len(steps)) == (0, 12, 5)

    for ordinal, point in enumerate(points):
        openai.requests.clear()
        next_one = await create_personality(sessions, name=f"Ada {ordinal}")
        await service.start(OWNER, next_one.id)
        killed, _ = await process(publish_due, ordinal, database_url, openai.url)
        await end_leases(sessions)
        async with publishing(sessions, models):
            await ended(service, next_one.id)

        assert killed == -signal.SIGKILL
        await check(sessions, next_one.id)
        # Only what the process died with, before it could be kept, is asked for twice.
        questions = [question_of(body) for body in openai.requests]
        assert len(questions) == len(set(questions)) + point.endswith(": done"), point
