"""Conversation history."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed


class Role(StrEnum):
    """The role of a line, as in chat APIs."""

    USER = "user"
    ASSISTANT = "assistant"


class ConversationLine(Keyed, Base, kw_only=True):
    """A line of a channel's conversation, ordered by `position` within the channel.

    A user's line has its author (`speaker_id`, a Discord id, also of people who are not users) and
    the personality that it addressed, if any. An assistant's line has the user and the line that it
    answers (`user_id`, `answers_id`) and how it was generated (`provenance`). A line of several
    messages has the text of each by its id (`parts`). Of several takes of an answer, `take` is the
    number of the one that is shown and stands in `content` and `provenance`. An answer that
    `is_picture` is a picture that follows another answer, and its text what is to be seen. One that
    `is_spoken` is to be heard, too; `voice_message_id` is the message in which it is, if it is in
    one of its own.
    """

    __tablename__ = "conversation_history"
    __table_args__ = (
        Index(
            "ix_conversation_history_persona_id",
            "persona_id",
            postgresql_where=text("persona_id IS NOT NULL"),
        ),
        Index(
            "ix_conversation_history_deleted_at",
            "deleted_at",
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        Index("uq_conversation_history_channel_id_position", "channel_id", "position", unique=True),
        Index(
            "ix_conversation_history_discord_message_ids",
            "discord_message_ids",
            postgresql_using="gin",
        ),
        Index("ix_conversation_history_speaker_id", "speaker_id"),
        CheckConstraint("role IN ('user', 'assistant')", name="role"),
        CheckConstraint("role = 'user' OR personality_id IS NOT NULL", name="assistant_is_someone"),
    )

    channel_id: Mapped[int]
    position: Mapped[int]
    guild_id: Mapped[int | None]
    role: Mapped[str]
    personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), index=True, default=None
    )
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, default=None
    )
    persona_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personas.id", ondelete="SET NULL"), default=None
    )
    speaker_id: Mapped[int | None] = mapped_column(default=None)
    speaker_name: Mapped[str]
    content: Mapped[str]
    token_count: Mapped[int] = mapped_column(Integer)
    discord_message_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default_factory=list[int], server_default=text("'{}'")
    )
    answers_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("conversation_history.id", ondelete="SET NULL"), default=None, index=True
    )
    provenance: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    parts: Mapped[dict[str, str] | None] = mapped_column(JSONB, default=None)
    take: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    is_spoken: Mapped[bool] = mapped_column(default=False, server_default="false")
    voice_message_id: Mapped[int | None] = mapped_column(default=None)
    is_picture: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def sent_message_ids(self) -> list[int]:
        """Return the messages of an answer with the one in which it is spoken."""
        own = [] if self.voice_message_id is None else [self.voice_message_id]
        return [*self.discord_message_ids, *own]


class AnswerTake(Keyed, Base, kw_only=True):
    """One of several takes of an answer, numbered from 0; an answer of one take has no row."""

    __tablename__ = "answer_takes"
    __table_args__ = (UniqueConstraint("line_id", "number"),)

    line_id: Mapped[UUID] = mapped_column(ForeignKey(ConversationLine.id, ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    content: Mapped[str]
    provenance: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class AnswerRating(Keyed, Base, kw_only=True):
    """What a user thinks of an answer by a model; it stays when the answer goes."""

    __tablename__ = "answer_ratings"
    __table_args__ = (UniqueConstraint("line_id", "user_id", "model"),)

    line_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(ConversationLine.id, ondelete="SET NULL")
    )
    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    model: Mapped[str]
    is_liked: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
