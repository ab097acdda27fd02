"""How long what was said is kept."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, Integer, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Retention(Base, kw_only=True):
    """One row: the default of this database, and what the operator was told of the settings.

    Days are 0 where nothing is deleted by age. Nothing is, until a week after it was announced.
    """

    __tablename__ = "retention"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    default_history_days: Mapped[int] = mapped_column(Integer)
    announced_at: Mapped[datetime | None] = mapped_column(default=None)
    announced_history_days: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    announced_memory_days: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class UsageDay(Base, kw_only=True):
    """What is kept of the ledger's rows of a day that were deleted: sums, and of nobody."""

    __tablename__ = "usage_days"

    day: Mapped[datetime] = mapped_column(Date, primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    tokens_in: Mapped[int] = mapped_column(BigInteger)
    tokens_cached: Mapped[int] = mapped_column(BigInteger)
    tokens_out: Mapped[int] = mapped_column(BigInteger)
    cost_usd: Mapped[float] = mapped_column(Numeric(14, 6, asdecimal=False))
    own_keys_usd: Mapped[float] = mapped_column(Numeric(14, 6, asdecimal=False))
