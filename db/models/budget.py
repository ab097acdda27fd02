"""Budgets of paid calls, and what was spent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Integer, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class BudgetScope(StrEnum):
    """What a budget is for: everything, each or one server, each or one user, a server's key."""

    ALL = "all"
    EACH_SERVER = "each server"
    EACH_USER = "each user"
    SERVER = "server"
    USER = "user"
    KEY = "key"


class Budget(Base, kw_only=True):
    """What may be spent in 24 hours, in US dollars and in answers; null is no limit of its own.

    `scope_id` is the Discord id of the server or account, else 0. `set_by` is the account that set
    it; null for the default of a new database.
    """

    __tablename__ = "budgets"
    __table_args__ = (
        CheckConstraint("usd >= 0 AND answers >= 0", name="positive"),
        CheckConstraint("(scope_id = 0) = (scope NOT IN ('server', 'user'))", name="scope_id"),
    )

    scope: Mapped[str] = mapped_column(primary_key=True)
    scope_id: Mapped[int] = mapped_column(primary_key=True, default=0)
    usd: Mapped[float | None] = mapped_column(Numeric(12, 4, asdecimal=False), default=None)
    answers: Mapped[int | None] = mapped_column(Integer, default=None)
    set_by: Mapped[int | None] = mapped_column(default=None)
    updated_at: Mapped[datetime] = mapped_column(
        init=False, server_default=func.now(), onupdate=func.now()
    )


class Spending(Base, kw_only=True):
    """What was spent or is reserved within an hour: in all, by a server, by an account.

    `scope_id` is 0, the server, or a number made of an account or of a key that was brought, which
    does not say whose it is.
    `people` is how many accounts have spent something in this hour and not since; their sum is how
    many have spent something at all. The function `reserve_spending` of the database writes it.
    """

    __tablename__ = "spending"

    scope: Mapped[str] = mapped_column(primary_key=True)
    scope_id: Mapped[int] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    usd: Mapped[float] = mapped_column(Numeric(16, 8, asdecimal=False), server_default="0")
    answers: Mapped[int] = mapped_column(Integer, server_default="0")
    people: Mapped[int] = mapped_column(Integer, server_default="0")
