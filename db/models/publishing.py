"""Attempts to publish personalities, and likes of public ones."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed


class AttemptStatus(StrEnum):
    """How far an attempt to publish is: as its job is, or waiting for the maker's consent."""

    PENDING = "pending"
    RUNNING = "running"
    REVIEW = "review"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PublishAttempt(Keyed, Base, kw_only=True):
    """An attempt to publish a version of a personality. `reply` is the answer to edit.

    `assessment` is what would be published; with `wants_review`, its maker is asked first.
    """

    __tablename__ = "publish_attempts"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'running', 'review', 'done', 'failed', 'cancelled')",
            name="status",
        ),
        Index("ix_publish_attempts_personality_id_created_at", "personality_id", "created_at"),
        # Only one unfinished attempt per personality, across all processes.
        Index(
            "uq_publish_attempts_open",
            "personality_id",
            unique=True,
            postgresql_where=text("status IN ('pending', 'running')"),
        ),
    )

    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    job_id: Mapped[UUID | None] = mapped_column(default=None)
    version: Mapped[int | None] = mapped_column(Integer, default=None)
    status: Mapped[str] = mapped_column(
        default=AttemptStatus.PENDING, server_default=AttemptStatus.PENDING
    )
    error: Mapped[str | None] = mapped_column(default=None)
    wants_review: Mapped[bool] = mapped_column(default=False, server_default="false")
    assessment: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    durations: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    reply: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    wants_dm: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(init=False, default=None)
    finished_at: Mapped[datetime | None] = mapped_column(init=False, default=None)


class PersonalityLike(Base, kw_only=True):
    """A user's like of a public personality."""

    __tablename__ = "personality_likes"

    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
