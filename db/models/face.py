"""Faces of personalities."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed

MAIN_FACE = "main"


class Face(Keyed, Base, kw_only=True):
    """A picture that a personality speaks with, and the address at which Discord finds it.

    With an `emoji_id` the address is that of an emoji of the application. `is_explicit` is what a
    vision model saw; None if none has looked.
    """

    __tablename__ = "faces"
    __table_args__ = (
        Index("uq_faces_personality_id_name", "personality_id", text("lower(name)"), unique=True),
        CheckConstraint("char_length(name) BETWEEN 1 AND 32", name="name_length"),
    )

    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    storage_key: Mapped[str]
    url: Mapped[str | None] = mapped_column(default=None)
    emoji_id: Mapped[int | None] = mapped_column(default=None)
    is_explicit: Mapped[bool | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
