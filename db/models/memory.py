"""Memories of personalities."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import SPARSEVEC, Vector
from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed

DIMENSIONS = 256
TERM_COUNT = 1_000_000_000  # as many as a sparse vector may have


class Venue(StrEnum):
    """The kind of channel of a message, which limits where it may be recalled."""

    DM = "dm"
    PRIVATE = "private"
    PUBLIC = "public"


class Memory(Keyed, Base, kw_only=True):
    """A memory of an exchange between a user and a personality.

    `session_id` is shared by exchanges of one session; `previous_id` is the previous exchange,
    `updates_id` one of which it says something anew. `terms` are its words as they are searched;
    without them it is found by its meaning alone until they are computed. One that is pinned
    stands in every prompt for its user, where it may be recalled. One that its user has edited is
    recalled to nobody else: it need not be what was said. One that `is_unread` is yet to be read
    for facts by a model.
    """

    __tablename__ = "memories"
    __table_args__ = (
        Index(
            "ix_memories_persona_id", "persona_id", postgresql_where=text("persona_id IS NOT NULL")
        ),
        Index(
            "ix_memories_embedding",
            "embedding",
            postgresql_using="hnsw",
            postgresql_ops={"embedding": "vector_cosine_ops"},
        ),
        # For words among the memories of one personality, whose id is one of the words.
        Index(
            "ix_memories_words",
            text("(words || array_to_tsvector(ARRAY[personality_id::text]))"),
            postgresql_using="gin",
        ),
        # For what is in reach of each venue, the newest first.
        Index(
            "ix_memories_dm",
            *("personality_id", "user_id", "created_at"),
            postgresql_where=text("venue = 'dm'"),
        ),
        Index(
            "ix_memories_private",
            *("personality_id", "channel_id", "created_at"),
            postgresql_where=text("venue = 'private'"),
        ),
        Index(
            "ix_memories_public",
            *("personality_id", "guild_id", "created_at"),
            postgresql_where=text("venue = 'public'"),
        ),
        Index(
            "ix_memories_unread",
            *("personality_id", "user_id", "channel_id", "created_at"),
            postgresql_where=text("is_unread"),
        ),
        Index(
            "ix_memories_updates_id", "updates_id", postgresql_where=text("updates_id IS NOT NULL")
        ),
        Index(
            "ix_memories_pinned",
            *("user_id", "personality_id"),
            postgresql_where=text("is_pinned"),
        ),
        Index("ix_memories_author_id", "author_id", postgresql_where=text("author_id IS NOT NULL")),
        # For the previous exchange.
        Index("ix_memories_personality_id_created_at", "personality_id", "created_at"),
        # For those that the chosen model has not read.
        Index("ix_memories_embedder_created_at", "embedder", "created_at"),
        # For a channel that becomes private.
        Index("ix_memories_channel_id", "channel_id"),
        Index("ix_memories_user_id_created_at", "user_id", "created_at"),
        CheckConstraint("venue IN ('dm', 'private', 'public')", name="venue"),
        CheckConstraint("(venue = 'dm') = (guild_id IS NULL)", name="venue_has_guild"),
    )

    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    persona_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personas.id", ondelete="SET NULL"), default=None
    )
    # Whose words it has, by their Discord id, if a user had others' words remembered.
    author_id: Mapped[int | None] = mapped_column(default=None)
    venue: Mapped[str]
    channel_id: Mapped[int]
    guild_id: Mapped[int | None]
    session_id: Mapped[UUID]
    previous_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("memories.id", ondelete="SET NULL"), default=None, index=True
    )
    line_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("conversation_history.id", ondelete="SET NULL"), default=None, index=True
    )
    updates_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("memories.id", ondelete="SET NULL"), default=None
    )
    content: Mapped[str]
    # Vectors are large, and of use to the database alone.
    embedding: Mapped[Any] = mapped_column(Vector(DIMENSIONS), deferred=True)
    # That of the model that the operator has chosen, and its name, once it has read the memory.
    model_embedding: Mapped[Any | None] = mapped_column(Vector(), default=None, deferred=True)
    embedder: Mapped[str | None] = mapped_column(default=None)
    terms: Mapped[Any | None] = mapped_column(SPARSEVEC(TERM_COUNT), default=None, deferred=True)
    words: Mapped[Any] = mapped_column(
        TSVECTOR,
        Computed("to_tsvector('english', content)", persisted=True),
        init=False,
        deferred=True,
    )
    locked: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_pinned: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_unread: Mapped[bool] = mapped_column(default=False, server_default="false")
    # On how many days it was recalled, and on which one last.
    recalled_days: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    recalled_on: Mapped[date | None] = mapped_column(default=None)
    age_restricted: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_edited: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
