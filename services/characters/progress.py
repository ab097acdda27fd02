"""Progress in the reply to the command: best effort while pictures are generated, then by a job."""

from datetime import timedelta
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Character, JobStatus
from db.session import Sessions
from services.characters import queries
from services.characters.types import Progress, RunPayload
from services.jobs import DISCORD, Handler, Run, enqueue
from services.media import ObjectNotFound, ObjectStore
from services.notifications import Notifier


class ProgressJob(RunPayload):
    """Whoever asked for pictures is to see how it ended."""

    kind: ClassVar[str] = "character shown"
    group: ClassVar[str] = DISCORD


# The reply to the command must exist before it is edited.
_DELAY = timedelta(seconds=1)


async def enqueue_progress(session: AsyncSession, character: Character) -> None:
    """Enqueue the final progress, to be shown by a process that is connected to Discord."""
    if character.reply is not None:
        payload = ProgressJob(character=character.id, run=character.run_token)
        await enqueue(session, payload, due=_DELAY)


async def send_progress(
    sessions: Sessions, store: ObjectStore, notifier: Notifier, payload: RunPayload
) -> None:
    """Show the progress of an order."""
    async with sessions() as session:
        character = await queries.find_by_run(session, payload)
        if character is None or character.reply is None:
            return
        artifacts = await queries.artifacts(session, character.run_token)
        keys = await queries.thumbnail_keys(session, character.run_token)
    pictures: list[bytes] = []
    for key in keys:
        try:
            pictures.append(await store.get(key))
        except ObjectNotFound:
            continue  # deleted from the gallery meanwhile
    progress = Progress(
        character=character,
        run_token=payload.run,
        artifacts=artifacts,
        thumbnails=pictures,
        cost_usd=sum(each.cost_usd or 0 for each in artifacts),
    )
    await notifier.edit_reply(character.reply, progress)


class ProgressHandler(Handler[ProgressJob]):
    """Shows the final progress of an order."""

    payload_type = ProgressJob

    def __init__(self, sessions: Sessions, store: ObjectStore, notifier: Notifier) -> None:
        self._sessions = sessions
        self._store = store
        self._notifier = notifier

    @override
    async def run(self, run: Run[ProgressJob]) -> None:
        await send_progress(self._sessions, self._store, self._notifier, run.payload)
        async with run.final_transaction() as session:
            character = await queries.find_by_run(session, run.payload)
            if character is not None:
                # The token of the reply expires within minutes and is not needed any more.
                character.reply = None

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: ProgressJob, status: JobStatus, reason: str
    ) -> None:
        character = await queries.find_by_run(session, payload)
        if character is not None and status != JobStatus.PENDING:
            character.reply = None
