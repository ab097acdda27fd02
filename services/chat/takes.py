"""Takes of answers: each regeneration keeps what was there, so that one can turn back to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AnswerRating, AnswerTake, ConversationLine
from services.chat.errors import AnswerNotFound, TooManyTakes

MAX_TAKES: Final = 12
# What of its provenance two takes are compared by.
_COMPARED = ("model", "config", "persona", "version")


@dataclass(frozen=True)
class Difference:
    """Something by which two takes were generated differently."""

    name: str
    before: str
    after: str


async def load_takes(session: AsyncSession, line_id: UUID) -> Sequence[AnswerTake]:
    """Return the takes of an answer in order; none if there is only one."""
    rows = await session.scalars(
        select(AnswerTake).where(AnswerTake.line_id == line_id).order_by(AnswerTake.number)
    )
    return rows.all()


async def add_take(
    session: AsyncSession, answer: ConversationLine, text: str, provenance: Mapping[str, Any]
) -> int:
    """Store another take of an answer, and what is there as the first; return its number.

    Raises:
        AnswerNotFound: It was deleted.
        TooManyTakes: There are as many as are kept.
    """
    # Locked: two may regenerate it at once.
    stored = await session.get(ConversationLine, answer.id, with_for_update=True)
    if stored is None or stored.deleted_at is not None:
        raise AnswerNotFound
    number = len(await load_takes(session, answer.id))
    if number >= MAX_TAKES:
        raise TooManyTakes(MAX_TAKES)
    contents = [(text, dict(provenance))]
    if number == 0:
        contents.insert(0, (answer.content, dict(answer.provenance or {})))
    for content, how in contents:
        session.add(AnswerTake(line_id=answer.id, number=number, content=content, provenance=how))
        number += 1
    return number - 1


async def save_rating(
    session: AsyncSession, answer: ConversationLine, user_id: UUID, *, is_liked: bool
) -> None:
    """Store what a user thinks of an answer, instead of what they thought of it before."""
    model = (answer.provenance or {}).get("model")
    if model is None or answer.personality_id is None:
        return  # what nobody has generated
    await session.execute(
        insert(AnswerRating)
        .values(
            line_id=answer.id,
            personality_id=answer.personality_id,
            user_id=user_id,
            model=model,
            is_liked=is_liked,
        )
        .on_conflict_do_update(
            index_elements=["line_id", "user_id", "model"], set_={"is_liked": is_liked}
        )
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return in which model and settings two takes differ."""
    pairs = {name: (before.get(name), after.get(name)) for name in _COMPARED}
    old: dict[str, Any] = before.get("sampling") or {}
    new: dict[str, Any] = after.get("sampling") or {}
    pairs |= {name: (old.get(name), new.get(name)) for name in sorted({*old, *new})}
    return [
        Difference(name, _shown(one), _shown(other))
        for name, (one, other) in pairs.items()
        if one != other
    ]


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)
