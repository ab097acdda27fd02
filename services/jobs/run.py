"""A run of a job: what a handler is given, and the fence around what it writes."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import JobStatus, JobStep
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.jobs import queries
from services.jobs.errors import JobLost
from services.jobs.queries import ClaimedJob

T = TypeVar("T")
Checkpoint = Callable[[str], None]


class Run:
    """One attempt at a job. Whatever it writes counts only while the job is its own."""

    def __init__(self, sessions: Sessions, job: ClaimedJob, watch: Checkpoint) -> None:
        self._sessions = sessions
        self._job = job
        self._watch = watch
        self.is_finished = False

    @property
    def id(self) -> UUID:
        """Return the job's id."""
        return self._job.id

    @property
    def payload(self) -> dict[str, Any]:
        """Return what the job is about."""
        return self._job.payload

    @property
    def attempt(self) -> int:
        """Return which start of the job this is, from 1."""
        return self._job.attempt

    def checkpoint(self, point: str) -> None:
        """Tell whoever watches which point of the work is come past."""
        self._watch(point)

    async def step(self, name: str, shape: type[T], do: Callable[[], Awaitable[T]]) -> T:
        """Return what a step gives: from an earlier run where one came so far, else by doing it.

        `shape` is any type pydantic can write as JSON and read back.

        Raises:
            LostJob: The job is not this run's any more; what `do` gave is not kept.
        """
        adapter: TypeAdapter[T] = TypeAdapter(shape)
        done = await self._find_step(name)
        if done is not None:
            return adapter.validate_python(done.output)
        output = await do()
        self._watch(f"{name}: done")

        async def keep() -> None:
            async with self.writing() as session:
                kept = adapter.dump_python(output, mode="json")
                session.add(JobStep(job_id=self.id, name=name, output=kept))

        await retry_on_disconnect(keep)
        self._watch(f"{name}: kept")
        return output

    async def step_output(self, name: str, shape: type[T]) -> T | None:
        """Return what a step has given in an earlier run, or in this one."""
        adapter: TypeAdapter[T] = TypeAdapter(shape)
        done = await self._find_step(name)
        return None if done is None else adapter.validate_python(done.output)

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
        async with self._sessions.begin() as session:
            if not await queries.lock_run(session, self.id, self.attempt):
                raise JobLost
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
        self._watch("finished")

    async def _find_step(self, name: str) -> JobStep | None:
        async def ask() -> JobStep | None:
            async with self._sessions() as session:
                return await queries.step_output(session, self.id, name)

        return await retry_on_disconnect(ask)


class Handler(ABC):
    """What does the jobs of a kind.

    `limit` is how often one may fail before that is final, `seconds` how long a run may take.
    """

    kind: ClassVar[str]
    max_attempts: ClassVar[int] = 5
    timeout_seconds: ClassVar[float] = 900

    @abstractmethod
    async def run(self, run: Run) -> None:
        """Do a job, in steps that may be repeated after a crash.

        Whatever it raises is tried again later, but for a `DomainError` that is not `Passing`.
        """

    @abstractmethod
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        """Write on the job's own row that it failed for good, was called off, or waits again.

        `words` say why it failed, and are empty otherwise.
        """
