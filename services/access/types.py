"""Who causes a paid call."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The purpose of a paid call, who caused it, and whose budgets it counts against.

    `account_id` is the Discord account of the user. Only `services.access` makes callers, after it
    has decided that they may.
    """

    purpose: str
    user_id: UUID | None = None
    account_id: int | None = None
    personality_id: UUID | None = None
    guild_id: int | None = None
