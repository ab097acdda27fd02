"""The terms of memories that were stored before there were any: a job computes them."""

from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Memory
from db.session import Sessions
from services.jobs import Handler, Payload, Run, enqueue
from services.memory.terms import document_terms

_BATCH = 500


class IndexJob(Payload):
    """Memories without terms are to be given theirs."""

    kind: ClassVar[str] = "memories indexed"


async def enqueue_indexing(session: AsyncSession) -> None:
    """Have memories without terms given theirs, if there are any."""
    if await session.scalar(select(Memory.id).where(Memory.terms.is_(None)).limit(1)):
        await enqueue(session, IndexJob(), lock_key=IndexJob.kind, replacing=True)


class IndexHandler(Handler[IndexJob]):
    """Computes what memories are found by, in batches; others are written meanwhile."""

    payload_type = IndexJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    async def run(self, run: Run[IndexJob]) -> None:
        while await self._index_batch(run):
            pass

    async def _index_batch(self, run: Run[IndexJob]) -> bool:
        """Give some memories their terms; return whether there were any."""
        async with run.transaction() as session:
            found = (
                await session.scalars(
                    select(Memory)
                    .where(Memory.terms.is_(None))
                    .limit(_BATCH)
                    .with_for_update(skip_locked=True)
                )
            ).all()
            for memory in found:
                memory.terms = document_terms(memory.content)
        return bool(found)
