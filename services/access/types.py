"""Who causes a paid call."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID


class PayerKind(StrEnum):
    """Whose key a call may be paid with: a user's, a maker's for acts, or a server's."""

    USER = "user"
    MAKER = "maker"
    SERVER = "server"


@dataclass(frozen=True)
class Payer:
    """Somebody who may have brought a key: a user, or a server by its Discord id."""

    kind: PayerKind
    id: UUID | int

    @classmethod
    def user(cls, user_id: UUID) -> Self:
        """Return a user who pays for their own requests."""
        return cls(PayerKind.USER, user_id)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The purpose of a paid call, who caused it, and whose budgets it counts against.

    `account_id` is the Discord account of the user. `maker_id` is the maker of a personality that
    acts by itself. Only `services.access` makes callers, after it has decided that they may.
    """

    purpose: str
    user_id: UUID | None = None
    account_id: int | None = None
    personality_id: UUID | None = None
    maker_id: UUID | None = None
    guild_id: int | None = None

    @property
    def payers(self) -> tuple[Payer, ...]:
        """Return whose keys it may be paid with, in this order, before the operator's."""
        own = () if self.user_id is None else (Payer.user(self.user_id),)
        return (*own, *act_payers(self.maker_id, self.guild_id))


def act_payers(maker_id: UUID | None, guild_id: int | None) -> tuple[Payer, ...]:
    """Return whose keys an act of a maker's personality in a server may be paid with."""
    candidates = ((PayerKind.MAKER, maker_id), (PayerKind.SERVER, guild_id))
    return tuple(Payer(kind, id_) for kind, id_ in candidates if id_ is not None)
