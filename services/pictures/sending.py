"""Sending a picture after an answer: drawn once and sent once, whenever the process ends."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import ConversationLine, JobStatus, Personality
from db.session import Sessions
from services.access import AccessRefused, Caller
from services.answer_callers import AnswerJob, caller_of_answer
from services.chat import ChatAdapter
from services.errors import DomainError, TransientError
from services.faces import FaceChooser
from services.images import StoredImage
from services.jobs import DISCORD, Handler, Run, enqueue
from services.media import PICTURES, ObjectNotFound, ObjectStore, enqueue_deletion
from services.pictures.drawing import PictureDrawer
from services.pictures.ports import PictureAdapter
from services.types import Channel

log = logging.getLogger(__name__)

PURPOSE: Final = "picture"
# A picture that could not be made for so long is not expected any more.
_MAX_AGE: Final = timedelta(hours=1)
_MAX_ALT: Final = 1000


class PictureJob(AnswerJob):
    """A picture is to follow an answer: that of the line, which says what it shows."""

    kind: ClassVar[str] = "picture on request"
    group: ClassVar[str] = DISCORD

    enqueued_at: datetime


@dataclass(frozen=True)
class _Requested:
    """A picture that is still to be sent."""

    line: ConversationLine
    answer_id: int
    personality: Personality
    channel: Channel
    caller: Caller


async def request_picture(session: AsyncSession, line_id: UUID, channel: Channel) -> None:
    """Have the picture of a line drawn and sent."""
    job = PictureJob(
        line_id=line_id,
        enqueued_at=datetime.now(UTC),
        parent_id=channel.parent_id,
        age_restricted=channel.age_restricted,
    )
    await enqueue(session, job, lock_key=f"picture:{line_id}")


class PictureHandler(Handler[PictureJob]):
    """Draws a picture and sends it; if there is none, its line goes, and that is said."""

    payload_type = PictureJob
    max_attempts: ClassVar[int] = 4
    timeout_seconds: ClassVar[float] = 600

    def __init__(
        self,
        sessions: Sessions,
        drawer: PictureDrawer,
        store: ObjectStore,
        adapter: PictureAdapter,
        chat_adapter: ChatAdapter,
        faces: FaceChooser,
    ) -> None:
        self._sessions = sessions
        self._drawer = drawer
        self._store = store
        self._adapter = adapter
        self._chat_adapter = chat_adapter
        self._faces = faces

    @override
    async def run(self, run: Run[PictureJob]) -> None:
        requested = await self._load(run.payload)
        message_id: int | None = None
        if requested is not None:
            try:
                message_id = await self._send(run, requested)
            except TransientError:
                raise
            except DomainError as error:
                await self._report(requested, error)
        is_orphaned = False
        async with run.final_transaction() as session:
            line = await session.get(ConversationLine, run.payload.line_id, with_for_update=True)
            is_wanted = line is not None and line.deleted_at is None
            is_orphaned = message_id is not None and not is_wanted
            if line is not None and message_id is not None:
                line.discord_message_ids = [message_id]
                line.provenance = self._provenance(line)
            elif line is not None and is_wanted:
                await session.delete(line)
            await enqueue_deletion(session, [_key(run.payload)])
        if is_orphaned and requested is not None and message_id is not None:
            await self._chat_adapter.delete(requested.channel, [message_id])

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: PictureJob, status: JobStatus, reason: str
    ) -> None:
        if status not in (JobStatus.FAILED, JobStatus.CANCELLED):
            return
        line = await session.get(ConversationLine, payload.line_id)
        if line is not None:
            await session.delete(line)
        await enqueue_deletion(session, [_key(payload)])

    async def _send(self, run: Run[PictureJob], requested: _Requested) -> int | None:
        """Draw and send a picture; return its message, or None if nobody wants it any more."""
        line, channel = requested.line, requested.channel

        async def draw() -> StoredImage:
            _, stored = await self._drawer.draw(
                *(run, requested.personality.id, line.content),
                key=_key(run.payload),
                caller=requested.caller,
            )
            return stored

        async def yes() -> bool:
            return True

        stored = await run.step("picture", StoredImage, draw)
        if await self._load(run.payload) is None:
            return None
        if await run.step_output("sending", bool):
            found = await self._adapter.find(channel, line.id, after=requested.answer_id)
            if found is not None:
                return found
        await run.step("sending", bool, yes)
        try:
            data = await self._store.get(stored.key)
        except ObjectNotFound:
            return None
        return await self._adapter.send(
            channel,
            await self._faces.speaker(requested.personality, ""),
            data,
            alt=line.content[:_MAX_ALT],
            line_id=line.id,
        )

    async def _load(self, job: PictureJob) -> _Requested | None:
        """Return a picture that is still to be sent, or None."""
        async with self._sessions() as session:
            line = await session.get(ConversationLine, job.line_id)
            if line is None or line.deleted_at is not None or line.discord_message_ids:
                return None
            answer = await session.get(ConversationLine, line.answers_id)
            is_late = datetime.now(UTC) - job.enqueued_at > _MAX_AGE
            if is_late or answer is None or not answer.discord_message_ids:
                return None
            try:
                paying = await caller_of_answer(session, PURPOSE, job, line)
            except AccessRefused as error:
                log.info("No picture follows answer %s: %r", answer.id, error)
                return None
        if paying is None:
            return None
        personality, caller = paying
        message_id = answer.discord_message_ids[-1]
        return _Requested(line, message_id, personality, job.channel(line), caller)

    async def _report(self, requested: _Requested, error: DomainError) -> None:
        log.info("No picture follows message %s: %r", requested.answer_id, error)
        try:
            await self._adapter.report(requested.channel, requested.answer_id, error)
        except DomainError as second:
            log.info("That cannot be said there: %r", second)

    def _provenance(self, line: ConversationLine) -> dict[str, Any]:
        images = self._drawer.images
        return {"picture": line.content, "model": images.name, "cost_usd": images.price_usd}


def _key(job: PictureJob) -> str:
    return f"{PICTURES}{job.line_id}.jpg"
