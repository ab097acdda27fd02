"""Background jobs and the results of their steps."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed

SCHEMA = "jobs"
_PENDING, _RUNNING = text("status = 'pending'"), text("status = 'running'")
_QUARANTINED = text("status = 'pending' AND crashes >= 2")


class JobStatus(StrEnum):
    """The status of a job."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Keyed, Base, kw_only=True):
    """Something to do in the background. `attempt` counts its starts and fences each run's writes.

    `due_at` is when it may start; while it runs, when its lease ends. Of the jobs with one
    `lock_key` one runs at a time; of a `concurrency_group`, as many as it has slots. `crashes`
    counts the deaths of its process that it is suspected of, the last one at `crashed_at`.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'running', 'done', 'failed', 'cancelled')", name="status"
        ),
        Index("ix_jobs_pending", "concurrency_group", "due_at", postgresql_where=_PENDING),
        Index("ix_jobs_quarantined", "due_at", postgresql_where=_QUARANTINED),
        Index("ix_jobs_running", "due_at", postgresql_where=_RUNNING),
        Index("uq_jobs_running_lock_key", "lock_key", unique=True, postgresql_where=_RUNNING),
        Index("ix_jobs_created_at", "created_at"),
        {"schema": SCHEMA},
    )

    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    lock_key: Mapped[str | None] = mapped_column(default=None)
    concurrency_group: Mapped[str]
    status: Mapped[str] = mapped_column(default=JobStatus.PENDING, server_default=JobStatus.PENDING)
    attempt: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    failures: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    crashes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    crashed_at: Mapped[datetime | None] = mapped_column(init=False, default=None)
    worker: Mapped[UUID | None] = mapped_column(init=False, default=None)
    error: Mapped[str | None] = mapped_column(default=None)
    due_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(init=False, default=None)
    finished_at: Mapped[datetime | None] = mapped_column(init=False, default=None)


class JobStep(Base, kw_only=True):
    """The stored output of a step of a job, so that a later run does not repeat it."""

    __tablename__ = "steps"
    __table_args__ = ({"schema": SCHEMA},)

    job_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.jobs.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    output: Mapped[Any] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
