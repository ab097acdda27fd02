"""Whom a name means in a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Text, any_, bindparam, func, select, union
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, PersonalityAlias, User
from services.access import (
    Situation,
    SituationTerms,
    Verdict,
    is_in_scope,
    named_terms,
    personality_verdict,
    scope_rank,
    situation_parameters,
)


@dataclass(frozen=True, kw_only=True)
class NamedPersonality:
    """A personality that a name may mean here; the verdict is about the person who calls it.

    `called_as` is that name or alias, in lower case.
    """

    id: UUID
    called_as: str
    name: str
    maker: str | None
    rank: int
    verdict: Verdict | None


@cache
def _names_statement(situation: SituationTerms) -> Any:
    """Return the statement of `resolve_names`, which is built once for a shape of a situation."""
    words = bindparam("words", type_=ARRAY(Text))
    by_name = select(func.lower(Personality.name).label("word"), Personality.id).where(
        func.lower(Personality.name) == any_(words)
    )
    by_alias = select(
        func.lower(PersonalityAlias.alias).label("word"), PersonalityAlias.personality_id
    ).where(func.lower(PersonalityAlias.alias) == any_(words))
    matches = union(by_name, by_alias).subquery()
    return (
        select(
            matches.c.word,
            Personality.id,
            Personality.name,
            User.username,
            scope_rank(situation).label("rank"),
            personality_verdict(situation),
        )
        .join(Personality, Personality.id == matches.c.id)
        .outerjoin(User, User.id == Personality.maker_id)
        .where(Personality.deleted_at.is_(None), is_in_scope(situation))
        .order_by("rank", Personality.created_at)
    )


async def resolve_names(
    session: AsyncSession, words: Sequence[str], situation: Situation
) -> dict[str, list[NamedPersonality]]:
    """Map lower-case names to the personalities that they mean here, those that come first."""
    parameters = {**situation_parameters(situation), "words": list(words)}
    statement = _names_statement(named_terms(situation))
    rows: Sequence[Any] = (await session.execute(statement, parameters)).all()
    found: dict[str, list[NamedPersonality]] = {}
    for word, id_, name, maker, rank, verdict in rows:
        known = found.setdefault(word, [])
        if not known or known[0].rank == rank:
            known.append(
                NamedPersonality(
                    id=id_,
                    called_as=word,
                    name=name,
                    maker=maker,
                    rank=rank,
                    verdict=Verdict.parse(verdict),
                )
            )
    return found
