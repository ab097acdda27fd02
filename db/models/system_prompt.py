"""System prompts: instructions before every personality."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped


class SystemPrompt(Keyed, Timestamped, Base, kw_only=True):
    """A system prompt of the bot. At most one is the default."""

    __tablename__ = "system_prompts"
    __table_args__ = (
        Index("uq_system_prompts_name", text("lower(name)"), unique=True),
        Index(
            "uq_system_prompts_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name_length"),
    )

    name: Mapped[str]
    content: Mapped[str]
    description: Mapped[str | None] = mapped_column(default=None)
    is_default: Mapped[bool] = mapped_column(default=False, server_default="false")
