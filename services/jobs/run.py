"""Runs of jobs: the handler interface, and fencing of its writes."""

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
async def owned_transaction(sessions: Sessions, job: ClaimedJob) -> AsyncGenerator[AsyncSession]:
    """Open a transaction that holds a lock on the job, so that it commits only if the run owns it.

    Raises:
        JobLost: The run does not own the job any more.
    """
    async with sessions.begin() as session:
        if not await queries.lock_run(session, job.id, job.attempt):
            raise JobLost
        yield session


class Run(Generic[P]):
    """One attempt at a job. Its writes succeed only while it owns the job."""

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
        """Return the payload of the job."""
        return self._payload

    @property
    def attempt(self) -> int:
        """Return the number of this attempt, starting at 1."""
        return self._job.attempt

    def checkpoint(self, point: str) -> None:
        """Report that a named point was reached; a hook for tests."""
        self._checkpoint(point)

    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        """Return the output of a step: saved by an earlier run, or else by calling `function`.

        `shape` is any type that pydantic can serialise as JSON.

        Raises:
            JobLost: The run does not own the job any more; the output is not saved.
        """
        adapter: TypeAdapter[T] = TypeAdapter(shape)
        saved = await self._find_step(name)
        if saved is not None:
            return adapter.validate_python(saved.output)
        output = await function()
        self._checkpoint(f"{name}: done")

        async def save() -> None:
            async with self.transaction() as session:
                dumped = adapter.dump_python(output, mode="json")
                session.add(JobStep(job_id=self.id, name=name, output=dumped))

        await retry_on_disconnect(save)
        self._checkpoint(f"{name}: kept")
        return output

    async def step_output(self, name: str, shape: type[T]) -> T | None:
        """Return the saved output of a step, or None."""
        adapter: TypeAdapter[T] = TypeAdapter(shape)
        saved = await self._find_step(name)
        return None if saved is None else adapter.validate_python(saved.output)

    async def forget_step(self, name: str) -> None:
        """Delete the saved output of a step, so that it is run again.

        Raises:
            JobLost: The run does not own the job any more.
        """
        async with self.transaction() as session:
            await self.drop_step(session, name)

    async def drop_step(self, session: AsyncSession, name: str) -> None:
        """Delete the saved output of a step in a transaction of the run."""
        await queries.forget_step(session, self.id, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction that commits only if the run owns the job.

        Raises:
            JobLost: The run does not own the job any more.
        """
        async with owned_transaction(self._sessions, self._job) as session:
            yield session

    @asynccontextmanager
    async def final_transaction(self) -> AsyncGenerator[AsyncSession]:
        """Open the transaction that also marks the job as done.

        Raises:
            JobLost: The run does not own the job any more.
        """
        async with self.transaction() as session:
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
    """Runs the jobs of one kind, that of `payload_type`.

    A job fails for good after `max_attempts` failures, unless `attempts` returns another number; a
    run is cancelled after `timeout_seconds`.
    """

    payload_type: type[P]
    max_attempts: ClassVar[int] = 5
    timeout_seconds: ClassVar[float] = 900

    async def attempts(self, payload: P) -> int:  # noqa: ARG002 - for overrides
        """Return how often a job may fail before it has failed for good."""
        return self.max_attempts

    @abstractmethod
    async def run(self, run: Run[P]) -> None:
        """Run a job, in steps that may be repeated after a crash.

        Any exception leads to a retry, except a `DomainError` that is not a `TransientError`.
        """

    async def on_status_change(
        self, session: AsyncSession, payload: P, status: JobStatus, reason: str
    ) -> None:
        """Update the domain row when the job failed for good, was cancelled, or is retried.

        `reason` says why it failed, and is empty otherwise. By default nothing is updated.
        """
