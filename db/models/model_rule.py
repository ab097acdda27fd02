"""The operator's rules about language models."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, Integer, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class ModelRule(Base, kw_only=True):
    """Whether users may choose a model, with which limits, and at which price.

    `model` is written `vendor/model`. Limits that are null are those of the config. Prices are US
    dollars per million tokens; `price_source` says where they are from.
    """

    __tablename__ = "model_rules"
    __table_args__ = (
        CheckConstraint('max_tokens > 0 AND memory_limit >= 0 AND "window" >= 2', name="limits"),
        CheckConstraint(
            "num_nulls(price_fresh, price_cached, price_written) IN (0, 3)", name="price"
        ),
    )

    model: Mapped[str] = mapped_column(primary_key=True)
    is_allowed: Mapped[bool]
    max_tokens: Mapped[int | None] = mapped_column(Integer, default=None)
    memory_limit: Mapped[int | None] = mapped_column(Integer, default=None)
    window: Mapped[int | None] = mapped_column(Integer, default=None)
    price_fresh: Mapped[float | None] = mapped_column(Float, default=None)
    price_cached: Mapped[float | None] = mapped_column(Float, default=None)
    price_written: Mapped[float | None] = mapped_column(Float, default=None)
    price_source: Mapped[str | None] = mapped_column(default=None)
    set_by: Mapped[int | None] = mapped_column(default=None)
    updated_at: Mapped[datetime] = mapped_column(
        init=False, server_default=func.now(), onupdate=func.now()
    )
