"""Conversations, which keep their order."""

from collections.abc import Generator, Iterable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import func, select, update

from db.models import ConversationLine, OptOut, Role
from services.legacy.conversion import key, moment, snowflake, snowflakes
from services.legacy.migration import MigratedUser, Migration
from services.legacy.report import RowKind
from services.legacy.source import Row
from services.llm import estimate

_BATCH = 1000
_ROLES = frozenset(Role)

# Role, content and message: two lines that share them are the same.
_Said: TypeAlias = tuple[str, str, int]


async def move_lines(move: Migration) -> None:
    """Bring lines over and put them where they belong in time; what is here is not said twice."""
    silent = frozenset(await move.session.scalars(select(OptOut.discord_id)))
    found = await move.session.execute(
        select(
            ConversationLine.channel_id, func.max(ConversationLine.position).label("last")
        ).group_by(ConversationLine.channel_id)
    )
    last: dict[int, int] = {row.channel_id: row.last for row in found}
    spoken_in, grown = frozenset(last), set[int]()
    batches = await move.source.lines()
    if batches is None:
        return
    async for batch in batches.partitions(_BATCH):
        lines = list(_lines(move, batch, silent))
        new = await _unheard(move, lines)
        move.tally.already_there[RowKind.LINES] += len(lines) - len(new)
        for line in new:
            channel_id = line["channel_id"]
            last[channel_id] = line["position"] = last.get(channel_id, 0) + 1
            grown.add(channel_id)
        await move.insert(RowKind.LINES, ConversationLine, new)
    for channel_id in sorted(spoken_in & grown):
        await _put_in_order(move, channel_id)


def _lines(
    move: Migration, rows: Iterable[Row], silent: frozenset[int]
) -> Generator[dict[str, Any]]:
    """Yield the lines that come over, and note why others do not."""
    for row in rows:
        person, obstacle = move.person(row["user_id"]), _obstacle(move, row, silent)
        if person is None or obstacle is not None:
            move.tally.skip(f"line of conversation: {obstacle}")
        else:
            yield _line(move, row, person)


def _obstacle(move: Migration, row: Row, silent: frozenset[int]) -> str | None:
    """Return why a line cannot or must not come over, or None."""
    person, personality_id = move.person(row["user_id"]), key(row["personality_id"])
    places = [row["channel_id"], row.get("guild_id") or row["channel_id"]]
    if None in map(snowflake, places):
        return "its channel or server is none of Discord"
    if person is None:
        return "its user did not come over"
    if person.discord_id in silent:
        return "its user has opted out"
    if personality_id not in move.personalities:
        return "its personality did not come over"
    if row["role"] not in _ROLES:
        return f"{row['role']!r} is neither user nor assistant"
    return None


def _line(move: Migration, row: Row, person: MigratedUser) -> dict[str, Any]:
    """Return a line as ours, still without a position."""
    is_users = row["role"] == Role.USER
    personality_id, persona_id = UUID(row["personality_id"]), key(row.get("persona_id"))
    content = row["content"] or ""
    return {
        "id": UUID(row["id"]),
        "channel_id": snowflake(row["channel_id"]),
        "guild_id": snowflake(row.get("guild_id")),
        "role": row["role"],
        "personality_id": personality_id,
        "user_id": person.id,
        "persona_id": persona_id if persona_id in move.owners else None,
        "speaker_id": person.discord_id if is_users else None,
        "speaker_name": person.name if is_users else move.personalities[personality_id],
        "content": content,
        "token_count": row.get("token_count") or estimate(content),
        "discord_message_ids": snowflakes(row.get("discord_message_id")),
        "created_at": moment(row["created_at"]),
        "deleted_at": moment(row.get("deleted_at")),
    }


async def _unheard(move: Migration, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines that are not here, neither by their id nor by what was said.

    A message that calls several personalities was one line for each; here it is one.
    """
    table = ConversationLine
    message_ids = [each for line in lines for each in line["discord_message_ids"]]
    known = set(
        await move.session.scalars(
            select(table.id).where(table.id.in_([line["id"] for line in lines]))
        )
    )
    heard: set[_Said] = {
        (role, content, message_id)
        for role, content, message_id in await move.session.execute(
            select(table.role, table.content, func.unnest(table.discord_message_ids)).where(
                table.discord_message_ids.overlap(message_ids)
            )
        )
    }
    new: list[dict[str, Any]] = []
    for line in lines:
        said = {(line["role"], line["content"], each) for each in line["discord_message_ids"]}
        if line["id"] not in known and heard.isdisjoint(said):
            heard |= said
            new.append(line)
    return new


async def _put_in_order(move: Migration, channel_id: int) -> None:
    """Number a channel's lines anew in order of time, above all numbers that were given."""
    table = ConversationLine
    placed = (
        select(
            table.id,
            (
                func.max(table.position).over()
                + func.row_number().over(order_by=(table.created_at, table.position))
            ).label("position"),
        )
        .where(table.channel_id == channel_id)
        .subquery()
    )
    await move.session.execute(
        update(table).where(table.id == placed.c.id).values(position=placed.c.position)
    )
