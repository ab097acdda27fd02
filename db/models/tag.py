"""Tags of personalities."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed


class Tag(Keyed, Base, kw_only=True):
    """A tag in lower case, in a category."""

    __tablename__ = "tags"
    __table_args__ = (
        CheckConstraint("name = lower(name) AND name <> ''", name="name_is_lowercase"),
    )

    name: Mapped[str] = mapped_column(unique=True)
    category: Mapped[str]
    sort_order: Mapped[int] = mapped_column(Integer)


class PersonalityTag(Base, kw_only=True):
    """A tag of a personality, with a confidence in percent."""

    __tablename__ = "personality_tags"
    __table_args__ = (CheckConstraint("confidence BETWEEN 0 AND 100", name="confidence"),)

    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[UUID] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    confidence: Mapped[int] = mapped_column(Integer)
