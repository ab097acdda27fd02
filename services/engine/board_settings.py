"""What a moderator types about a board, as its columns."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Board, BoardMember, Personality
from services.chat import AgeRestricted
from services.engine import queries
from services.engine.errors import InvalidHours, InvalidTimeZone, NotOnBoard
from services.texts import clean_text

TOPIC, TONE = 300, 200


def columns_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns of a board from what a moderator typed."""
    columns: dict[str, Any] = {
        name: changes[name]
        for name in ("kind", "acts_per_day", "daily_budget_usd", "model_votes")
        if changes.get(name) is not None
    }
    for name, limit in (("topic", TOPIC), ("tone", TONE)):
        if changes.get(name) is not None:
            columns[name] = clean_text(changes[name], field=name, limit=limit)
    if (hours := changes.get("quiet")) is not None:
        columns["quiet_from"], columns["quiet_until"] = _hours(hours)
    if (zone := changes.get("time_zone")) is not None:
        try:
            columns["time_zone"] = ZoneInfo(zone).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidTimeZone(zone) from error
    return columns


def _hours(text: str) -> tuple[time | None, time | None]:
    """Read `23:00-07:00`; `never` is none at all."""
    if text.strip().lower() in ("never", "none", "-"):
        return None, None
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise InvalidHours(text) from error
    if begin == end or begin.tzinfo or end.tzinfo:
        raise InvalidHours(text)
    return begin, end


async def update_members(session: AsyncSession, board: Board, changes: Mapping[str, Any]) -> None:
    """Let somebody act on a board, or no longer."""
    if (new := changes.get("add")) is not None:
        if new.age_restricted and not board.age_restricted:
            raise AgeRestricted(new.name)
        await add_members(session, board.id, [new])
    if (name := changes.get("remove")) is not None:
        old = await queries.member_named(session, board.id, name)
        if old is None:
            raise NotOnBoard(name)
        gone = BoardMember.board_id == board.id, BoardMember.personality_id == old.id
        await session.execute(delete(BoardMember).where(*gone))


async def add_members(
    session: AsyncSession, board_id: UUID, members: Sequence[Personality]
) -> None:
    """Let these act on a board, whoever else does."""
    for each in members:
        await session.execute(
            insert(BoardMember)
            .values(board_id=board_id, personality_id=each.id)
            .on_conflict_do_nothing()
        )
