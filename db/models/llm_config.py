"""LLM configs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Float, ForeignKey, Index, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed, Timestamped

REASONING_EFFORTS = ("none", "minimal", "low", "medium", "high")
_BOUNDS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (1, 1000),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0, 2),
    "max_tokens": (1, 32_000),
    "memory_score_threshold": (0, 1),
    "memory_limit": (0, 50),
}


class LlmConfig(Keyed, Timestamped, Base, kw_only=True):
    """A model and its parameters; global (without an owner) or a user's own.

    Models are written `vendor/model`. Parameters that are null are left to the vendor.
    """

    __tablename__ = "llm_configs"
    __table_args__ = (
        Index(
            "uq_llm_configs_owner_id_name",
            "owner_id",
            text("lower(name)"),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "uq_llm_configs_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        CheckConstraint("NOT is_default OR owner_id IS NULL", name="default_is_global"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name_length"),
        CheckConstraint(f"reasoning_effort IN {REASONING_EFFORTS}", name="reasoning_effort"),
        *(
            CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)
            for column, (low, high) in _BOUNDS.items()
        ),
    )

    owner_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, default=None
    )
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(default=None)
    is_global: Mapped[bool] = mapped_column(
        Computed("owner_id IS NULL", persisted=True), init=False
    )
    is_default: Mapped[bool] = mapped_column(default=False, server_default="false")

    model: Mapped[str]
    vision_model: Mapped[str | None] = mapped_column(default=None)
    fallback_model: Mapped[str | None] = mapped_column(default=None)
    temperature: Mapped[float | None] = mapped_column(Float, default=None)
    top_p: Mapped[float | None] = mapped_column(Float, default=None)
    top_k: Mapped[int | None] = mapped_column(Integer, default=None)
    frequency_penalty: Mapped[float | None] = mapped_column(Float, default=None)
    presence_penalty: Mapped[float | None] = mapped_column(Float, default=None)
    repetition_penalty: Mapped[float | None] = mapped_column(Float, default=None)
    max_tokens: Mapped[int | None] = mapped_column(Integer, default=None)

    reasoning_effort: Mapped[str | None] = mapped_column(default=None)

    memory_score_threshold: Mapped[float | None] = mapped_column(Float, default=None)
    memory_limit: Mapped[int | None] = mapped_column(Integer, default=None)


class PersonalityDefaultConfig(Base, kw_only=True):
    """The config of a personality for users who have not selected one."""

    __tablename__ = "personality_default_configs"

    personality_id: Mapped[UUID] = mapped_column(
        ForeignKey("personalities.id", ondelete="CASCADE"), primary_key=True
    )
    llm_config_id: Mapped[UUID] = mapped_column(
        ForeignKey("llm_configs.id", ondelete="CASCADE"), index=True
    )
    updated_at: Mapped[datetime] = mapped_column(
        init=False, server_default=func.now(), onupdate=func.now()
    )
