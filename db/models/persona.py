"""Personas of users."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped


class Persona(Keyed, Timestamped, Base, kw_only=True):
    """Name, pronouns and backstory of a user. Names are unique per owner, case-insensitive."""

    __tablename__ = "personas"
    __table_args__ = (
        Index("uq_personas_owner_id_name", "owner_id", text("lower(name)"), unique=True),
        # Referenced by `user_default_personas`, so that a default persona is always the user's own.
        UniqueConstraint("id", "owner_id"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name_length"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    content: Mapped[str] = mapped_column(default="", server_default="")
    description: Mapped[str | None] = mapped_column(default=None)
    preferred_name: Mapped[str | None] = mapped_column(default=None)
    pronouns: Mapped[str | None] = mapped_column(default=None)


class UserDefaultPersona(Base, kw_only=True):
    """The persona of a user if no other is selected; exactly one per user."""

    __tablename__ = "user_default_personas"
    __table_args__ = (
        Index(
            "ix_user_default_personas_persona_id",
            "persona_id",
            postgresql_where=text("persona_id IS NOT NULL"),
        ),
        # No cascade: the default persona cannot be deleted before another one is the default.
        ForeignKeyConstraint(
            ["persona_id", "user_id"],
            ["personas.id", "personas.owner_id"],
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    persona_id: Mapped[UUID]
    updated_at: Mapped[datetime] = mapped_column(
        init=False, server_default=func.now(), onupdate=func.now()
    )
