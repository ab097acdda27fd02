"""Where photos of a personality are posted, at which times of the week, and each one's post."""

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

from db.base import Base, Dated, Keyed


class TargetKind(StrEnum):
    """Who takes a post to where people see it."""

    DISCORD = "discord"
    BUFFER = "buffer"


class PostStatus(StrEnum):
    """How far a social post is.

    One that is `scheduled` may be in Buffer's queue already. `unconfirmed` may have been posted:
    only a person can tell.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    POSTED = "posted"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


class SocialTarget(Keyed, Dated, Base, kw_only=True):
    """A Discord channel, or a channel of Buffer's, that a personality posts photos on.

    `remote_id` is the channel's id there, `service` the network behind it, `guild_id` the server
    whose members alone may know of what is posted; on a channel of Buffer's the world does.
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
    """A time of the week, by a target's clock, at which a photo may be posted there.

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


class SocialPost(Keyed, Dated, Base, kw_only=True):
    """The one publication of a photo.

    `revision` counts what people changed; `sent_revision` is the one that the other side has, and
    None while it has none. `fingerprint` is how what is being sent would be known there, and is set
    with `sending_at` before it is. `cancelled_at` is set until the other side has let go of it,
    and then the row is deleted.
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
        # One post a target and minute: so a slot is taken once, and a post is known by its time.
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
    """How much of a vendor's window of requests is left, as the vendor said last.

    `vendor` names the key as well: each has a window of its own.
    """

    __tablename__ = "rate_windows"

    vendor: Mapped[str] = mapped_column(primary_key=True)
    seconds: Mapped[int] = mapped_column(Integer, primary_key=True)
    remaining: Mapped[int] = mapped_column(Integer)
    resets_at: Mapped[datetime]
