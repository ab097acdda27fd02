"""The ledger of model calls."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed


class CallOutcome(StrEnum):
    """The outcome of a call to a model."""

    OK = "ok"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    CANCELLED = "cancelled"


class LlmCall(Keyed, Base, kw_only=True):
    """A request to a language model: purpose, usage and who caused it.

    `key_id` is the key that a user had brought, if the operator's was not used, `audio_seconds` the
    length of a recording that was heard.
    """

    __tablename__ = "llm_calls"
    __table_args__ = (Index("ix_llm_calls_guild_id", "guild_id", "created_at"),)

    purpose: Mapped[str]
    model: Mapped[str]
    outcome: Mapped[str]
    tokens_in: Mapped[int] = mapped_column(Integer, default=0)
    tokens_cached: Mapped[int] = mapped_column(Integer, default=0)
    tokens_out: Mapped[int] = mapped_column(Integer, default=0)
    cost_usd: Mapped[float | None] = mapped_column(Numeric(12, 6, asdecimal=False), default=None)
    duration_ms: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True, default=None
    )
    personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="SET NULL"), index=True, default=None
    )
    guild_id: Mapped[int | None] = mapped_column(default=None)
    key_id: Mapped[UUID | None] = mapped_column(default=None)
    audio_seconds: Mapped[float | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now(), index=True)
