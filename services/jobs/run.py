"""A run of a job: what a handler is given, and the fence around what it writes."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Generic
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypeVar

from db.models import JobStatus, JobStep
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.jobs import queries
from services.jobs.errors import JobLost
from services.jobs.payload import Payload
from services.jobs.queries import ClaimedJob

T = TypeVar("T")
P = TypeVar("P", bound=Payload, default=Any)
Checkpoint = Callable[[str], None]


@asynccontextmanager
async def owning(sessions: Sessions, job: ClaimedJob) -> AsyncGenerator[AsyncSession]:
    """Open a transaction that counts only if the job belongs to its run until it commits.

    Raises:
        JobLost: It does not.
    """
    async with sessions.begin() as session:
        if not await queries.lock_run(session, job.id, job.attempt):
            raise JobLost
        yield session


class Run(Generic[P]):
    """One attempt at a job. Whatever it writes counts only while the job is its own."""

    def __init__(
        self, sessions: Sessions, job: ClaimedJob, payload: P, checkpoint: Checkpoint
    ) -> None:
        self._sessions = sessions
        self._job = job
        self._payload = payload
        self._checkpoint = checkpoint
        self.is_finished = False

    @property
    def id(self) -> UUID:
        """Return the job's id."""
        return self._job.id

    @property
    def payload(self) -> P:
        """Return what the job is about."""
        return self._payload

    @property
    def attempt(self) -> int:
        """Return which start of the job this is, from 1."""
        return self._job.attempt

    def checkpoint(self, point: str) -> None:
        """Tell whoever watches which point of the work is come past."""
        self._checkpoint(point)

    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        """Return what a step gives: from an earlier run where one came so far, else by doing it.

        `shape` is any type pydantic can write as JSON and read back.

        Raises:
            LostJob: The job is not this run's any more; what `do` gave is not kept.
        """
        adapter: TypeAdapter[T] = TypeAdapter(shape)
        saved = await self._find_step(name)
        if saved is not None:
            return adapter.validate_python(saved.output)
        output = await function()
        self._checkpoint(f"{name}: done")

        async def save() -> None:
            async with self.writing() as session:
                kept = adapter.dump_python(output, mode="json")
                session.add(JobStep(job_id=self.id, name=name, output=kept))

        await retry_on_disconnect(save)
        self._checkpoint(f"{name}: kept")
        return output

    async def step_output(self, name: str, shape: type[T]) -> T | None:
        """Return what a step has given in an earlier run, or in this one."""
        adapter: TypeAdapter[T] = TypeAdapter(shape)
        saved = await self._find_step(name)
        return None if saved is None else adapter.validate_python(saved.output)

    async def forget_step(self, name: str) -> None:
        """Let a step be done anew.

        Raises:
            LostJob: The job is not this run's any more.
        """
        async with self.writing() as session:
            await queries.forget_step(session, self.id, name)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction that counts only if the job is this run's until it commits.

        Raises:
            LostJob: It is not.
        """
        async with owning(self._sessions, self._job) as session:
            yield session

    @asynccontextmanager
    async def finishing(self) -> AsyncGenerator[AsyncSession]:
        """Open the transaction with which the job is done.

        Raises:
            LostJob: The job is not this run's any more.
        """
        async with self.writing() as session:
            yield session
            await queries.end(session, self.id, JobStatus.DONE)
        self.is_finished = True
        self._checkpoint("finished")

    async def _find_step(self, name: str) -> JobStep | None:
        async def fetch() -> JobStep | None:
            async with self._sessions() as session:
                return await queries.step_output(session, self.id, name)

        return await retry_on_disconnect(fetch)


class Handler(ABC, Generic[P]):
    """Does the jobs of a kind, which `payload_type` names.

    A job that failed `max_attempts` times has failed for good, unless `attempts` says otherwise; a
    run is ended after `timeout_seconds`.
    """

    payload_type: type[P]
    max_attempts: ClassVar[int] = 5
    timeout_seconds: ClassVar[float] = 900

    async def attempts(self, payload: P) -> int:  # noqa: ARG002 - for handlers whose rows say
        """Return how often a job may be tried before it has failed for good."""
        return self.max_attempts

    @abstractmethod
    async def run(self, run: Run[P]) -> None:
        """Do a job, in steps that may be repeated after a crash.

        Whatever it raises is retried later, except a `DomainError` that is no `TransientError`.
        """

    async def on_status_change(
        self, session: AsyncSession, payload: P, status: JobStatus, reason: str
    ) -> None:
        """Write on the domain row that the job failed for good, was cancelled, or waits again.

        `reason` says why it failed, and is empty otherwise. By default there is no such row.
        """
