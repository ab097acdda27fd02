"""The job that has a model read a sitting: for facts, and for a summary of what was said."""

import logging
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus, OptOut
from db.session import Sessions
from services import memory
from services.access import AccessDenied, BudgetSpent, Caller, Situation
from services.answer_callers import authorize_afterwards, channel_afterwards
from services.chat.resolution import resolve
from services.embeddings import TextEmbedder
from services.jobs import Handler, Payload, Run, enqueue
from services.llm import LanguageModels, Request
from services.llm_configs import restrict
from services.memory import Sitting, SittingNotes
from services.types import Channel

log = logging.getLogger(__name__)

PURPOSE: Final = "memory"
# A sitting is read so long after its first exchange, and again as long as it goes on.
_WAIT: Final = timedelta(minutes=20)
_GAP: Final = timedelta(minutes=30)
_BUDGET_WAIT: Final = timedelta(hours=6)


class SittingJob(Payload):
    """What was said in a sitting is to be read."""

    kind: ClassVar[str] = "sitting read"

    session_id: UUID
    personality_id: UUID
    user_id: UUID
    channel_id: int
    guild_id: int | None = None
    parent_id: int | None = None
    age_restricted: bool = False

    @property
    def channel(self) -> Channel:
        """Return where it was said."""
        return channel_afterwards(
            self.channel_id,
            self.guild_id,
            parent_id=self.parent_id,
            age_restricted=self.age_restricted,
        )


class SittingHandler(Handler[SittingJob]):
    """Has a model read what was said: that of the personality's config, or one that is named."""

    payload_type = SittingJob
    max_attempts: ClassVar[int] = 4

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        embedder: TextEmbedder,
        model: str | None,
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._embedder = embedder
        self._model = model

    @override
    async def run(self, run: Run[SittingJob]) -> None:
        try:
            await self._read(run)
        except BudgetSpent as error:
            async with run.final_transaction() as session:
                await _enqueue(session, run.payload, error.resumes_at or _BUDGET_WAIT)
        except AccessDenied:
            async with run.final_transaction() as session:
                await memory.give_up(session, run.payload.session_id)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: SittingJob, status: JobStatus, reason: str
    ) -> None:
        if status != JobStatus.PENDING:
            await memory.give_up(session, payload.session_id)

    async def _read(self, run: Run[SittingJob]) -> None:
        job = run.payload
        async with self._sessions.begin() as session:
            sitting = await memory.unread_of(session, job.session_id)
            asked = await self._request(session, job, sitting) if sitting else None
        if sitting is None or asked is None:
            async with run.final_transaction() as session:
                if sitting is not None:
                    await memory.give_up(session, job.session_id)
                elif await memory.is_open(session, job.session_id, _GAP):
                    await _enqueue(session, job, _WAIT)
            return
        name, request, caller = asked

        async def read() -> SittingNotes:
            answer = await self._models.parse(request, SittingNotes, caller=caller)
            return answer.value

        notes = await run.step("read", SittingNotes, read)
        facts = memory.facts_in(sitting, notes, character=name)
        indexed = await memory.index_with_facts(self._embedder, sitting, facts)
        async with run.final_transaction() as session:
            await memory.store_notes(session, sitting, facts, indexed, summary=notes.summary)
            # It has words that may be forgotten later.
            await run.drop_step(session, "read")
            if sitting.has_more or await memory.is_open(session, job.session_id, _GAP):
                await _enqueue(session, job, timedelta(0) if sitting.has_more else _WAIT)

    async def _request(
        self, session: AsyncSession, job: SittingJob, sitting: Sitting
    ) -> tuple[str, Request, Caller] | None:
        """Return the personality's name, the request and who pays; None if it is not to be read.

        Raises:
            AccessDenied: A rule of the operator, the server or the maker forbids it now.
        """
        allowed = await authorize_afterwards(
            session,
            PURPOSE,
            user_id=job.user_id,
            personality_id=job.personality_id,
            channel=job.channel,
        )
        if allowed is None:
            return None
        personality, user, caller = allowed
        if user.incognito or await session.get(OptOut, user.discord_id) is not None:
            return None
        resolution = await resolve(
            session, user.id, personality.id, situation=Situation(channel=job.channel)
        )
        is_remembered = personality.memory_enabled and resolution and resolution.keeps_memories
        if resolution is None or not is_remembered:
            return None
        usable = await restrict(session, resolution.config, self._models, caller.payers)
        if usable.config is None:
            return None
        model = self._models.resolve(self._model or usable.config.model, caller.payers)
        if self._models.is_small(model):
            return None
        request = memory.notes_request(
            sitting, model, character=personality.name, keyed=usable.keyed
        )
        return personality.name, request, caller


async def enqueue_reading(
    session: AsyncSession, first: memory.Memory, *, parent_id: int | None
) -> None:
    """Have a sitting read that begins with an exchange."""
    job = SittingJob(
        session_id=first.session_id,
        personality_id=first.personality_id,
        user_id=first.user_id,
        channel_id=first.channel_id,
        guild_id=first.guild_id,
        parent_id=parent_id,
        age_restricted=first.age_restricted,
    )
    await _enqueue(session, job, _WAIT)


async def _enqueue(session: AsyncSession, job: SittingJob, due: datetime | timedelta) -> None:
    await enqueue(session, job, due=due, lock_key=f"sitting:{job.session_id}")
