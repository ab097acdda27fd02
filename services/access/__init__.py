"""Access: who may do what here, and who pays for it."""

from services.access.budgets import (
    BudgetPolicy,
    Budgets,
    BudgetSettings,
    Limits,
    Reservation,
)
from services.access.errors import BudgetLimit, BudgetOutOfRange, BudgetSpent
from services.access.types import Caller

__all__ = [
    "BudgetLimit",
    "BudgetOutOfRange",
    "BudgetPolicy",
    "BudgetSettings",
    "BudgetSpent",
    "Budgets",
    "Caller",
    "Limits",
    "Reservation",
]
