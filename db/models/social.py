"""Social targets, their weekly slots, and posts of photos."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped


class TargetKind(StrEnum):
    """The service through which a post is published."""

    DISCORD = "discord"
    BUFFER = "buffer"


class PostStatus(StrEnum):
    """The status of a social post.

    A `scheduled` one may be in Buffer's queue already. An `unconfirmed` one may have been posted:
    only a person can tell.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    POSTED = "posted"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


class SocialTarget(Keyed, Timestamped, Base, kw_only=True):
    """A Discord or Buffer channel on which a personality posts photos.

    `remote_id` is the id of the channel, `service` its social network. `guild_id` is the server of
    a Discord channel: only its members may learn of the posts. Posts on Buffer channels are public.
    """

    __tablename__ = "social_targets"
    __table_args__ = (
        CheckConstraint("kind IN ('discord', 'buffer')", name="kind"),
        CheckConstraint("(kind = 'discord') = (guild_id IS NOT NULL)", name="guild"),
        Index(
            "uq_social_targets_personality_id_kind_remote_id",
            "personality_id",
            "kind",
            "remote_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    kind: Mapped[str]
    remote_id: Mapped[str]
    name: Mapped[str]
    service: Mapped[str]
    time_zone: Mapped[str]
    guild_id: Mapped[int | None] = mapped_column(default=None)
    is_public: Mapped[bool] = mapped_column(default=True, server_default="true")
    paused_at: Mapped[datetime | None] = mapped_column(default=None)
    removed_at: Mapped[datetime | None] = mapped_column(default=None)


class SocialSlot(Keyed, Base, kw_only=True):
    """A weekly time slot for posts on a target, in the target's time zone.

    `weekday` is 0 on Mondays, `minute` counts from midnight.
    """

    __tablename__ = "social_slots"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("minute BETWEEN 0 AND 1439", name="minute"),
        UniqueConstraint("target_id", "weekday", "minute"),
    )

    target_id: Mapped[UUID] = mapped_column(ForeignKey("social_targets.id", ondelete="CASCADE"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    minute: Mapped[int] = mapped_column(SmallInteger)


class SocialPost(Keyed, Timestamped, Base, kw_only=True):
    """The post of a photo; a photo has at most one.

    `revision` counts edits; `sent_revision` is the one that the remote service has, or None.
    `fingerprint` identifies the post on the remote service; it and `sending_at` are set before
    sending. `cancelled_at` is set until the remote service has removed the post; then the row is
    deleted.
    """

    __tablename__ = "social_posts"
    __table_args__ = (
        Index(
            "ix_social_posts_created_by",
            "created_by",
            postgresql_where=text("created_by IS NOT NULL"),
        ),
        CheckConstraint(
            "status IN ('draft', 'scheduled', 'sending', 'posted', 'failed', 'unconfirmed')",
            name="status",
        ),
        CheckConstraint(
            "status = 'draft' OR (target_id IS NOT NULL AND scheduled_at IS NOT NULL)",
            name="has_target_and_time",
        ),
        CheckConstraint(
            "status <> 'sending' OR (fingerprint IS NOT NULL AND sending_at IS NOT NULL)",
            name="sending",
        ),
        CheckConstraint("(status = 'posted') = (posted_at IS NOT NULL)", name="posted"),
        # One post per target and minute, so that a slot is used once and time identifies a post.
        Index(
            "uq_social_posts_target_id_scheduled_at",
            "target_id",
            "scheduled_at",
            unique=True,
            postgresql_where=text("status IN ('scheduled', 'sending', 'unconfirmed')"),
        ),
        Index("ix_social_posts_personality_id_scheduled_at", "personality_id", "scheduled_at"),
        Index("ix_social_posts_target_id_status", "target_id", "status"),
    )

    photo_id: Mapped[UUID] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), unique=True)
    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    target_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("social_targets.id", ondelete="CASCADE"), default=None
    )
    caption: Mapped[str] = mapped_column(default="", server_default="")
    first_comment: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[str] = mapped_column(default=PostStatus.DRAFT, server_default=PostStatus.DRAFT)
    scheduled_at: Mapped[datetime | None] = mapped_column(default=None)
    posted_at: Mapped[datetime | None] = mapped_column(default=None)
    buffer_post_id: Mapped[str | None] = mapped_column(default=None, unique=True)
    discord_message_id: Mapped[int | None] = mapped_column(default=None, unique=True)
    link: Mapped[str | None] = mapped_column(default=None)
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    sent_revision: Mapped[int | None] = mapped_column(Integer, default=None)
    fingerprint: Mapped[dict[str, Any] | None] = mapped_column(JSONB, default=None)
    sending_at: Mapped[datetime | None] = mapped_column(default=None)
    cancelled_at: Mapped[datetime | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(default=None)
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), default=None
    )


class RateWindow(Base, kw_only=True):
    """The remaining requests in a rate-limit window, as last reported by the vendor.

    `vendor` also identifies the API key, since each key has its own window.
    """

    __tablename__ = "rate_windows"

    vendor: Mapped[str] = mapped_column(primary_key=True)
    seconds: Mapped[int] = mapped_column(Integer, primary_key=True)
    remaining: Mapped[int] = mapped_column(Integer)
    resets_at: Mapped[datetime]
