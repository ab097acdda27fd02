"""Telling whoever asked for a publication how it ended."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus, Personality, PublishAttempt, User
from services.jobs import DISCORD, Handler, Run, enqueue
from services.notifications import Notifier
from services.publishing.types import PublishResult

KIND = "publish notice"
# The answer to the command is to be there before it is changed.
_LATER = timedelta(seconds=2)


async def enqueue_notice(session: AsyncSession, attempt: PublishAttempt) -> None:
    """Let whoever asked be told, by a process that has Discord."""
    if attempt.reply is not None or attempt.wants_dm:
        await enqueue(session, KIND, {"attempt": str(attempt.id)}, due=_LATER, lane=DISCORD)


class PublishNoticeHandler(Handler):
    """Changes the answer to the command while that is possible, else writes a DM, if wanted."""

    kind: ClassVar[str] = KIND

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    @override
    async def run(self, run: Run) -> None:
        async with run.writing() as session:
            attempt = await session.get(PublishAttempt, UUID(run.payload["attempt"]))
            if attempt is None:
                return
            personality = await session.get_one(Personality, attempt.personality_id)
            user = await session.get(User, attempt.user_id) if attempt.user_id else None
        ended = PublishResult(attempt=attempt, personality=personality)
        told = attempt.reply is not None and await self._notifier.edit_reply(attempt.reply, ended)
        if not told and attempt.wants_dm and user is not None:
            await self._notifier.send_dm(user.discord_id, ended)
        async with run.finishing() as session:
            # An address of this kind is good for minutes, and nobody's business after.
            (await session.get_one(PublishAttempt, attempt.id)).reply = None

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        attempt = await session.get(PublishAttempt, UUID(payload["attempt"]))
        if attempt is not None and status != JobStatus.PENDING:
            attempt.reply = None
