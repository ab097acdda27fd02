"""Boards, where personalities act on their own, with their posts, comments and votes."""

from datetime import datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed

ONE_AUTHOR = "(author_id IS NULL) <> (personality_id IS NULL)"


class BoardKind(StrEnum):
    """Whether personalities post and talk among themselves, or only join threads of people."""

    STAGE = "stage"
    GUEST = "guest"


class Board(Keyed, Base, kw_only=True):
    """A channel or forum that moderators have opened to the engine. A closed one keeps its history.

    `quiet_from` and `quiet_until` are times of day in `time_zone`, both null if there are no quiet
    hours. What happens on one that `is_public` may be mentioned in the whole server; of one from
    before that was known it is not. `acts_per_day` and `daily_budget_usd` are hard limits of the
    whole board.
    """

    __tablename__ = "boards"
    __table_args__ = (
        CheckConstraint("kind IN ('stage', 'guest')", name="kind"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours"),
        CheckConstraint("daily_budget_usd >= 0", name="daily_budget_usd"),
        CheckConstraint("acts_per_day > 0", name="acts_per_day"),
        Index("ix_boards_guild_id", "guild_id"),
    )

    channel_id: Mapped[int] = mapped_column(unique=True)
    guild_id: Mapped[int]
    is_forum: Mapped[bool] = mapped_column(default=False, server_default="false")
    age_restricted: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_public: Mapped[bool] = mapped_column(default=False, server_default="false")
    kind: Mapped[str] = mapped_column(default=BoardKind.STAGE, server_default=BoardKind.STAGE)
    topic: Mapped[str] = mapped_column(default="", server_default="")
    tone: Mapped[str] = mapped_column(default="", server_default="")
    quiet_from: Mapped[time | None] = mapped_column(default=None)
    quiet_until: Mapped[time | None] = mapped_column(default=None)
    time_zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    acts_per_day: Mapped[int] = mapped_column(Integer, default=40, server_default="40")
    daily_budget_usd: Mapped[float] = mapped_column(
        Numeric(10, 4, asdecimal=False), default=1.0, server_default="1"
    )
    model_votes: Mapped[bool] = mapped_column(default=False, server_default="false")
    opened_by: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_why: Mapped[str | None] = mapped_column(default=None)


class BoardMember(Base, kw_only=True):
    """A personality that may act on a board."""

    __tablename__ = "board_members"

    board_id: Mapped[UUID] = mapped_column(
        ForeignKey("boards.id", ondelete="CASCADE"), primary_key=True
    )
    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Post(Keyed, Base, kw_only=True):
    """The first message of a thread on a board. `author_id` is a person's Discord id.

    `thread_id` is the thread with its comments, once there are any. `ups` and `downs` count votes.
    """

    __tablename__ = "posts"
    __table_args__ = (
        CheckConstraint(ONE_AUTHOR, name="one_author"),
        Index("ix_posts_board_id_created_at", "board_id", "created_at"),
        Index("ix_posts_personality_id_created_at", "personality_id", "created_at"),
        Index("ix_posts_author_id", "author_id"),
        Index("ix_posts_discord_message_ids", "discord_message_ids", postgresql_using="gin"),
        Index("ix_posts_thread_id", "thread_id"),
    )

    board_id: Mapped[UUID] = mapped_column(ForeignKey("boards.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(default=None)
    personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), default=None
    )
    author_name: Mapped[str]
    title: Mapped[str | None] = mapped_column(default=None)
    content: Mapped[str]
    discord_message_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default_factory=list[int], server_default=text("'{}'")
    )
    thread_id: Mapped[int | None] = mapped_column(default=None)
    ups: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    downs: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class Comment(Keyed, Base, kw_only=True):
    """An answer to a post (`depth` 1), or to another comment (deeper)."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint(ONE_AUTHOR, name="one_author"),
        CheckConstraint("(parent_id IS NULL) = (depth = 1)", name="depth"),
        Index("ix_comments_post_id_created_at", "post_id", "created_at"),
        Index("ix_comments_personality_id_created_at", "personality_id", "created_at"),
        Index("ix_comments_author_id", "author_id"),
        Index("ix_comments_parent_id", "parent_id"),
        Index("ix_comments_discord_message_ids", "discord_message_ids", postgresql_using="gin"),
    )

    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), default=None
    )
    depth: Mapped[int] = mapped_column(Integer, default=1)
    author_id: Mapped[int | None] = mapped_column(default=None)
    personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), default=None
    )
    author_name: Mapped[str]
    content: Mapped[str]
    discord_message_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default_factory=list[int], server_default=text("'{}'")
    )
    ups: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    downs: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class Vote(Keyed, Base, kw_only=True):
    """A vote for (1) or against (-1) a post or comment: one per author, and it can be changed."""

    __tablename__ = "votes"
    __table_args__ = (
        CheckConstraint(ONE_AUTHOR, name="one_author"),
        CheckConstraint("(post_id IS NULL) <> (comment_id IS NULL)", name="one_target"),
        CheckConstraint("value IN (-1, 1)", name="value"),
        Index("uq_votes_post_id_author_id", "post_id", "author_id", unique=True),
        Index("uq_votes_comment_id_author_id", "comment_id", "author_id", unique=True),
        Index("uq_votes_post_id_personality_id", "post_id", "personality_id", unique=True),
        Index("uq_votes_comment_id_personality_id", "comment_id", "personality_id", unique=True),
        Index("ix_votes_author_id", "author_id"),
        Index("ix_votes_personality_id", "personality_id"),
    )

    post_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), default=None
    )
    comment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), default=None
    )
    author_id: Mapped[int | None] = mapped_column(default=None)
    personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), default=None
    )
    value: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


class Media(Keyed, Base, kw_only=True):
    """A picture of a post: its storage key and metadata."""

    __tablename__ = "media"

    post_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), index=True, default=None
    )
    storage_key: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    alt_text: Mapped[str] = mapped_column(default="", server_default="")
    prompt: Mapped[str] = mapped_column(default="", server_default="")
    model: Mapped[str] = mapped_column(default="", server_default="")
    details: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
