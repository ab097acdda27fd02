"""Who wants something where: as values, and as terms of statements."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, ClauseElement, bindparam, literal
from sqlalchemy.dialects.postgresql import ARRAY

from db.models import User
from services.types import Actor, Channel

_IDS: Any = ARRAY(BigInteger)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Who wants something where; `account_ids` has the ids of a person's account and member.

    Nobody wants what a personality does by itself.
    """

    account_ids: Collection[int] = ()
    role_ids: Collection[int] = ()
    moderates: bool = False
    channel: Channel | None = None

    @classmethod
    def of(cls, actor: Actor, channel: Channel | None = None) -> "Situation":
        """Return the situation of a person in a channel."""
        return cls(
            account_ids={actor.discord_id, actor.account_id or actor.discord_id},
            role_ids=actor.role_ids,
            moderates=actor.moderates,
            channel=channel,
        )

    @classmethod
    def of_user(cls, user: User) -> "Situation":
        """Return the situation of a user in no particular place."""
        return cls(account_ids={user.discord_id, user.account_id or user.discord_id})

    @property
    def guild_id(self) -> int | None:
        """Return the server, if it is not a DM."""
        return self.channel.guild_id if self.channel else None

    @property
    def channel_ids(self) -> list[int]:
        """Return the channel and, of a thread, its parent."""
        if self.channel is None:
            return []
        return [self.channel.channel_id, self.channel.parent_id or self.channel.channel_id]


@dataclass(frozen=True, kw_only=True, eq=False)
class SituationTerms:
    """A situation as terms of a statement: its values, or parameters by name.

    With the latter, a statement is built once for all situations of a shape.
    """

    is_somebody: bool
    in_server: bool
    moderates: bool
    accounts: Any
    roles: Any
    channels: Any
    channel: Any
    guild: Any
    targets: Any

    @classmethod
    def of(cls, situation: Situation) -> "SituationTerms":
        """Return the values of a situation."""
        values = situation_parameters(situation)

        def ids(name: str) -> Any:
            return literal(values[f"situation_{name}"], _IDS)

        return cls(
            **_shape(situation),
            accounts=ids("accounts"),
            roles=ids("roles"),
            channels=ids("channels"),
            targets=ids("targets"),
            guild=values["situation_guild"],
            channel=values["situation_channel"],
        )


@cache
def _named(*, is_somebody: bool, in_server: bool, moderates: bool) -> SituationTerms:
    def ids(name: str) -> Any:
        return bindparam(f"situation_{name}", type_=_IDS)

    return SituationTerms(
        is_somebody=is_somebody,
        in_server=in_server,
        moderates=moderates,
        accounts=ids("accounts"),
        roles=ids("roles"),
        channels=ids("channels"),
        targets=ids("targets"),
        guild=bindparam("situation_guild", type_=BigInteger()),
        channel=bindparam("situation_channel", type_=BigInteger()),
    )


def named_terms(situation: Situation) -> SituationTerms:
    """Return parameters by name for all situations of the same shape, always the same object."""
    return _named(**_shape(situation))


def situation_parameters(situation: Situation) -> dict[str, Any]:
    """Return the values of `named_terms`."""
    return {
        "situation_accounts": list(situation.account_ids),
        "situation_roles": list(situation.role_ids),
        "situation_channels": situation.channel_ids,
        "situation_channel": next(iter(situation.channel_ids), None),
        "situation_guild": situation.guild_id,
        "situation_targets": list(targets_of(situation)),
    }


def _shape(situation: Situation) -> dict[str, Any]:
    return {
        "is_somebody": bool(situation.account_ids),
        "in_server": situation.guild_id is not None,
        "moderates": situation.moderates,
    }


AnySituation: TypeAlias = Situation | SituationTerms


def terms_of(situation: AnySituation) -> SituationTerms:
    """Return the terms of a situation."""
    return situation if isinstance(situation, SituationTerms) else SituationTerms.of(situation)


def targets_of(situation: Situation) -> frozenset[int]:
    """Return what a server may have blocked of somebody: who they are, their roles, and where."""
    return frozenset([*situation.account_ids, *situation.role_ids, *situation.channel_ids])


def array_of(ids: Any) -> Any:
    """Return ids as a term of a statement, if they are none yet."""
    return ids if isinstance(ids, ClauseElement) else literal(list(ids), _IDS)
