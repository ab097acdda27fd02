"""Notifications about the result of publishing."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus, Personality, PublishAttempt, User
from services.jobs import DISCORD, Handler, Payload, Run, enqueue
from services.notifications import Notifier
from services.publishing.types import PublishResult


class PublishNoticeJob(Payload):
    """Somebody waits to hear how an attempt to publish ended."""

    kind: ClassVar[str] = "publish notice"
    group: ClassVar[str] = DISCORD

    attempt: UUID


# The answer to the command must exist before it is edited.
_DELAY = timedelta(seconds=2)


async def enqueue_notice(session: AsyncSession, attempt: PublishAttempt) -> None:
    """Enqueue the notification, for a process that is connected to Discord."""
    if attempt.reply is not None or attempt.wants_dm:
        await enqueue(session, PublishNoticeJob(attempt=attempt.id), due=_DELAY)


class PublishNoticeHandler(Handler[PublishNoticeJob]):
    """Edits the answer to the command while that is possible, else sends a DM, if wanted."""

    payload_type = PublishNoticeJob

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    @override
    async def run(self, run: Run[PublishNoticeJob]) -> None:
        async with run.transaction() as session:
            attempt = await session.get(PublishAttempt, run.payload.attempt)
            if attempt is None:
                return
            personality = await session.get_one(Personality, attempt.personality_id)
            user = await session.get(User, attempt.user_id) if attempt.user_id else None
        result = PublishResult(attempt=attempt, personality=personality)
        is_delivered = attempt.reply is not None and await self._notifier.edit_reply(
            attempt.reply, result
        )
        if not is_delivered and attempt.wants_dm and user is not None:
            await self._notifier.send_dm(user.discord_id, result)
        async with run.final_transaction() as session:
            # The token is valid only for minutes and must not be stored any longer.
            (await session.get_one(PublishAttempt, attempt.id)).reply = None

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: PublishNoticeJob, status: JobStatus, reason: str
    ) -> None:
        attempt = await session.get(PublishAttempt, payload.attempt)
        if attempt is not None and status != JobStatus.PENDING:
            attempt.reply = None
