"""Errors of access: who may do what, and who pays."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.errors import DomainError


class BudgetLimit(StrEnum):
    """Which budget leaves no room for a call."""

    ALL = "all"
    SERVER = "server"
    USER = "user"
    SHARE = "share"


@dataclass(eq=False)
class BudgetSpent(DomainError):
    """A budget leaves no room for a call before `resumes_at`, if that is known."""

    limit: BudgetLimit
    resumes_at: datetime | None = None


@dataclass(eq=False)
class BudgetOutOfRange(DomainError):
    """A budget is negative, or more than anybody means."""

    maximum_usd: int
    maximum_answers: int
