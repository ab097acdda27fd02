"""Channels in which a personality answers every message."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped


class ActivatedChannel(Keyed, Timestamped, Base, kw_only=True):
    """A personality that answers every message of people in a channel."""

    __tablename__ = "activated_channels"
    __table_args__ = (
        Index(
            "ix_activated_channels_activated_by",
            "activated_by",
            postgresql_where=text("activated_by IS NOT NULL"),
        ),
        UniqueConstraint("channel_id", "personality_id"),
    )

    channel_id: Mapped[int]
    guild_id: Mapped[int] = mapped_column(index=True)
    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), index=True
    )
    activated_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), default=None
    )
