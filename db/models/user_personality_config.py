"""A user's selections for a personality."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped


class UserPersonalityConfig(Keyed, Timestamped, Base, kw_only=True):
    """A user's persona and LLM config for a personality; null means the default."""

    __tablename__ = "user_personality_configs"
    __table_args__ = (
        Index(
            "ix_user_personality_configs_persona_id",
            "persona_id",
            postgresql_where=text("persona_id IS NOT NULL"),
        ),
        Index(
            "ix_user_personality_configs_llm_config_id",
            "llm_config_id",
            postgresql_where=text("llm_config_id IS NOT NULL"),
        ),
        UniqueConstraint("user_id", "personality_id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), index=True
    )
    persona_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personas.id", ondelete="SET NULL"), default=None
    )
    llm_config_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("llm_configs.id", ondelete="SET NULL"), default=None
    )
