"""Tasks of the engine as jobs."""

from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import EngineTask, JobStatus, TaskStatus
from services.engine.acting import ActExecutor
from services.engine.actions import actions
from services.engine.errors import SkipReason, TaskGone
from services.engine.notebook import DatabaseActStore, EngineDependencies
from services.engine.scheduler import ActJob
from services.engine.writing import Writer
from services.jobs import Handler, Run

_STATUSES = {
    JobStatus.PENDING: TaskStatus.PENDING,
    JobStatus.FAILED: TaskStatus.FAILED,
    JobStatus.CANCELLED: TaskStatus.SKIPPED,
}


class ActHandler(Handler[ActJob]):
    """Does what personalities are to do; `max_attempts` is one try and the retries of a task."""

    payload_type = ActJob
    max_attempts: ClassVar[int] = 4
    timeout_seconds: ClassVar[float] = 600

    def __init__(self, desk: EngineDependencies) -> None:
        self._desk = desk
        self._performer = ActExecutor(actions(Writer(desk.models), desk.stage, desk.studio))

    @override
    async def run(self, run: Run[ActJob]) -> None:
        try:
            await self._performer.execute(DatabaseActStore(self._desk, run))
        except TaskGone:
            async with run.finishing():
                pass

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: ActJob, status: JobStatus, reason: str
    ) -> None:
        task = await session.get(EngineTask, payload.task)
        if task is None:
            return
        task.status = _STATUSES[status]
        task.error_message = reason or None
        task.reason = SkipReason.CANCELLED if status == JobStatus.CANCELLED else None
        task.retry_count = 0 if status == JobStatus.PENDING else self.max_attempts - 1
        is_over = status != JobStatus.PENDING
        task.completed_at = self._desk.tempo.clock.now() if is_over else None
