"""Tasks of the engine, and acts of personalities."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed


class ActType(StrEnum):
    """The kinds of acts on a board."""

    COMMENT = "comment"
    POST = "post"
    REPLY = "reply"
    VOTE = "vote"
    IMAGE_POST = "image_post"


class TaskStatus(StrEnum):
    """The status of a task."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class ActionType(StrEnum):
    """The kinds of acts that are recorded."""

    VIEWED = "viewed"
    COMMENTED = "commented"
    POSTED = "posted"
    VOTED = "voted"
    REPLIED = "replied"
    SHARED = "shared"


class EngineTask(Keyed, Base, kw_only=True):
    """A scheduled act of a personality, and its result.

    `is_sending` is set before sending and until the result is stored. `cost_usd` is the reserved
    cost, and once the task is done, the actual cost. `reason` says why it was skipped.
    """

    __tablename__ = "engine_tasks"
    __table_args__ = (
        CheckConstraint(
            "task_type IN ('comment', 'post', 'reply', 'vote', 'image_post')", name="task_type"
        ),
        CheckConstraint(
            "status IN ('PENDING', 'RUNNING', 'DONE', 'FAILED', 'SKIPPED')", name="status"
        ),
        CheckConstraint("(status = 'SKIPPED') = (reason IS NOT NULL)", name="reason"),
        Index(
            "ix_engine_tasks_pending", "scheduled_at", postgresql_where=text("status = 'PENDING'")
        ),
        Index(
            "ix_engine_tasks_personality_id_created_at", "personality_id", text("created_at DESC")
        ),
        Index("ix_engine_tasks_post_id", "post_id", postgresql_where=text("post_id IS NOT NULL")),
        Index(
            "ix_engine_tasks_open",
            "personality_id",
            postgresql_where=text("status IN ('PENDING', 'RUNNING')"),
        ),
        Index("ix_engine_tasks_scheduled_at", "scheduled_at"),
        Index("ix_engine_tasks_board_id_started_at", "board_id", "started_at"),
        Index("ix_engine_tasks_personality_id_started_at", "personality_id", "started_at"),
        Index("ix_engine_tasks_comment_id", "comment_id"),
    )

    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    task_type: Mapped[str]
    board_id: Mapped[UUID] = mapped_column(ForeignKey("boards.id", ondelete="CASCADE"))
    post_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("posts.id", ondelete="SET NULL"), default=None
    )
    comment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("comments.id", ondelete="SET NULL"), default=None
    )
    status: Mapped[str] = mapped_column(
        default=TaskStatus.PENDING, server_default=TaskStatus.PENDING
    )
    reason: Mapped[str | None] = mapped_column(default=None)
    scheduled_at: Mapped[datetime]
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    completed_at: Mapped[datetime | None] = mapped_column(default=None)
    job_id: Mapped[UUID | None] = mapped_column(default=None)
    result_id: Mapped[UUID | None] = mapped_column(default=None)
    result_type: Mapped[str | None] = mapped_column(default=None)
    error_message: Mapped[str | None] = mapped_column(default=None)
    retry_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    max_retries: Mapped[int] = mapped_column(Integer, default=3, server_default="3")
    is_sending: Mapped[bool] = mapped_column(default=False, server_default="false")
    discord_message_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default_factory=list[int], server_default=text("'{}'")
    )
    prompt_tokens: Mapped[int | None] = mapped_column(Integer, default=None)
    completion_tokens: Mapped[int | None] = mapped_column(Integer, default=None)
    cost_usd: Mapped[float | None] = mapped_column(Numeric(12, 6, asdecimal=False), default=None)
    triggered_by: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[datetime]


class EngineAct(Keyed, Base, kw_only=True):
    """An act of a personality, stored so that it is not repeated and can be mentioned.

    Photos are shared on social networks and in channels that are not boards.
    """

    __tablename__ = "engine_acts"
    __table_args__ = (
        CheckConstraint(
            "action_type IN ('viewed', 'commented', 'posted', 'voted', 'replied', 'shared')",
            name="action_type",
        ),
        CheckConstraint("(action_type = 'shared') = (board_id IS NULL)", name="has_board"),
        CheckConstraint("(action_type = 'shared') = (social_post_id IS NOT NULL)", name="shared"),
        UniqueConstraint("personality_id", "post_id", "action_type"),
        UniqueConstraint("personality_id", "comment_id", "action_type"),
        Index(
            "ix_engine_acts_personality_id_created_at", "personality_id", text("created_at DESC")
        ),
        Index("ix_engine_acts_board_id_created_at", "board_id", "created_at"),
        Index("ix_engine_acts_post_id", "post_id"),
        Index("ix_engine_acts_comment_id", "comment_id"),
    )

    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    board_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("boards.id", ondelete="CASCADE"), default=None
    )
    post_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("posts.id", ondelete="SET NULL"), default=None
    )
    comment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("comments.id", ondelete="SET NULL"), default=None
    )
    social_post_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("social_posts.id", ondelete="CASCADE"), default=None, unique=True
    )
    action_type: Mapped[str]
    task_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("engine_tasks.id", ondelete="SET NULL"), default=None, unique=True
    )
    created_at: Mapped[datetime]


class EngineState(Base, kw_only=True):
    """The single row of the engine's state: until when it has planned, and whether it is paused."""

    __tablename__ = "engine_state"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, default=1)
    planned_until: Mapped[datetime | None] = mapped_column(default=None)
    paused_at: Mapped[datetime | None] = mapped_column(default=None)
    paused_by: Mapped[int | None] = mapped_column(default=None)


class VendorMinute(Base, kw_only=True):
    """The number of the engine's requests to a vendor in a minute."""

    __tablename__ = "vendor_minutes"

    vendor: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(Integer, default=1)
