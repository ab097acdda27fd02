"""Lorebooks, their entries, and the timed effects of these in conversations."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped


class LoreScope(StrEnum):
    """Where a book applies, in the order in which books use up the budget."""

    CHANNEL = "channel"
    PERSONA = "persona"
    PERSONALITY = "personality"
    SERVER = "server"
    EVERYWHERE = "everywhere"


class Lorebook(Keyed, Timestamped, Base, kw_only=True):
    """A lorebook of one scope. A change of it or of an entry is a new revision.

    `document` has what a file has of the book beside its entries.
    """

    __tablename__ = "lorebooks"
    __table_args__ = (
        CheckConstraint(
            "scope IN ('channel', 'persona', 'personality', 'server', 'everywhere')", name="scope"
        ),
        CheckConstraint(
            "(scope = 'channel') = (channel_id IS NOT NULL) "
            "AND (scope = 'persona') = (persona_id IS NOT NULL) "
            "AND (scope = 'personality') = (personality_id IS NOT NULL) "
            "AND (scope <> 'server' OR guild_id IS NOT NULL) "
            "AND (scope IN ('server', 'channel') OR guild_id IS NULL)",
            name="one_target",
        ),
        CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name_length"),
        Index("ix_lorebooks_channel_id", "channel_id"),
        Index("ix_lorebooks_persona_id", "persona_id"),
        Index("ix_lorebooks_personality_id", "personality_id"),
        Index("ix_lorebooks_guild_id", "guild_id"),
        Index("ix_lorebooks_maker_id", "maker_id"),
    )

    name: Mapped[str]
    scope: Mapped[str]
    maker_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), default=None
    )
    channel_id: Mapped[int | None] = mapped_column(default=None)
    guild_id: Mapped[int | None] = mapped_column(default=None)
    persona_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personas.id", ondelete="CASCADE"), default=None
    )
    personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), default=None
    )
    enabled: Mapped[bool] = mapped_column(default=True, server_default="true")
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    document: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default_factory=dict, server_default="{}"
    )


class LoreEntry(Keyed, Base, kw_only=True):
    """An entry of a lorebook; `document` is an entry of a `character_book`."""

    __tablename__ = "lore_entries"
    __table_args__ = (Index("ix_lore_entries_lorebook_id_position", "lorebook_id", "position"),)

    lorebook_id: Mapped[UUID] = mapped_column(ForeignKey("lorebooks.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(default="", server_default="")
    document: Mapped[dict[str, Any]]


class LoreTimer(Base, kw_only=True):
    """The timed effects of an entry in a channel, in positions of its history."""

    __tablename__ = "lore_timers"

    channel_id: Mapped[int] = mapped_column(primary_key=True)
    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    entry_id: Mapped[UUID] = mapped_column(
        ForeignKey("lore_entries.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    content_hash: Mapped[str]
    started: Mapped[int]
    sticky_until: Mapped[int]
    cooldown_until: Mapped[int]
