"""Facts that personalities know of people and of themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed
from db.models.memory import Memory


class Fact(Keyed, Base, kw_only=True):
    """What a memory says of somebody: of `subject`, a name, that `statement` is so.

    `key` says which thing of the subject it is about: of several facts of one user with the same
    subject and key, the one that was told last holds, of those that may be recalled in a place. It
    goes with the memory that it is from, and may be recalled where that may be. One that
    `is_about_personality` is what the personality said of itself. `confidence` is between 0 and 1,
    and 1 for what rules have found or its user has corrected.
    """

    __tablename__ = "facts"
    __table_args__ = (
        Index("ix_facts_personality_id_user_id", "personality_id", "user_id"),
        Index(
            "ix_facts_about_personality",
            "personality_id",
            postgresql_where=text("is_about_personality"),
        ),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        CheckConstraint("until > since", name="until_is_later"),
    )

    memory_id: Mapped[UUID] = mapped_column(ForeignKey(Memory.id, ondelete="CASCADE"), index=True)
    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    subject: Mapped[str]
    key: Mapped[str]
    statement: Mapped[str]
    told_at: Mapped[datetime] = mapped_column(server_default=func.now())
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    until: Mapped[datetime | None] = mapped_column(default=None)
    confidence: Mapped[float] = mapped_column(default=1, server_default="1")
    is_about_personality: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_edited: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class SittingSummary(Base, kw_only=True):
    """What was talked about in a sitting, the exchanges of one `session_id`, in a few sentences.

    It goes when one of the memories that it is made of goes or is changed: a trigger deletes it.
    """

    __tablename__ = "sitting_summaries"
    __table_args__ = (
        Index("ix_sitting_summaries_channel", "personality_id", "channel_id", "started_at"),
    )

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    channel_id: Mapped[int]
    age_restricted: Mapped[bool]
    content: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
