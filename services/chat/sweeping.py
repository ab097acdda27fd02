"""Deletion of lines that were cleared or undone a day ago: until then they can be taken back."""

import logging
from datetime import timedelta
from typing import ClassVar

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import ConversationLine
from db.session import Sessions
from services import access
from services.jobs import Handler, Payload, Run, enqueue

log = logging.getLogger(__name__)

TAKE_BACK = timedelta(days=1)
_INTERVAL = timedelta(hours=1)


class SweepJob(Payload):
    """Lines that were cleared long enough ago are to be deleted."""

    kind: ClassVar[str] = "cleared lines"


class SweepHandler(Handler[SweepJob]):
    """Deletes cleared lines and what access keeps for a while only, and enqueues itself again."""

    payload_type = SweepJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    async def run(self, run: Run[SweepJob]) -> None:
        async with run.final_transaction() as session:
            cutoff = func.now() - (TAKE_BACK - _INTERVAL)
            await session.execute(
                delete(ConversationLine).where(ConversationLine.deleted_at < cutoff)
            )
            await access.sweep(session)
            await enqueue_sweep(session, after=_INTERVAL)


async def enqueue_sweep(session: AsyncSession, *, after: timedelta | None = None) -> None:
    """Enqueue the deletion of cleared lines, instead of one that is pending."""
    await enqueue(session, SweepJob(), due=after, lock_key=SweepJob.kind, replacing=True)
