"""Import of conversations, in order."""

from collections.abc import Generator, Iterable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import func, select, update

from db.models import ConversationLine, OptOut, Role
from services.legacy.conversion import to_datetime, to_snowflake, to_snowflakes, to_uuid
from services.legacy.migration import MigratedUser, Migration
from services.legacy.report import RowKind
from services.legacy.shapes import Row
from services.llm import estimate

_BATCH_SIZE = 1000
_ROLES = frozenset(Role)

# Role, content and message id: lines with the same key are duplicates.
_LineKey: TypeAlias = tuple[str, str, int]


async def move_lines(migration: Migration) -> None:
    """Import lines in chronological order, without lines that exist already."""
    opted_out = frozenset(await migration.session.scalars(select(OptOut.discord_id)))
    rows = await migration.session.execute(
        select(
            ConversationLine.channel_id, func.max(ConversationLine.position).label("last")
        ).group_by(ConversationLine.channel_id)
    )
    last_positions: dict[int, int] = {row.channel_id: row.last for row in rows}
    existing_channels, changed_channels = frozenset(last_positions), set[int]()
    batches = await migration.source.lines()
    if batches is None:
        return
    async for batch in batches.partitions(_BATCH_SIZE):
        lines = list(_convert_lines(migration, batch, opted_out))
        new = await _new_lines(migration, lines)
        migration.report.already_there[RowKind.LINES] += len(lines) - len(new)
        for line in new:
            channel_id = line["channel_id"]
            last_positions[channel_id] = line["position"] = last_positions.get(channel_id, 0) + 1
            changed_channels.add(channel_id)
        await migration.insert(RowKind.LINES, ConversationLine, new)
    for channel_id in sorted(existing_channels & changed_channels):
        await _renumber(migration, channel_id)


def _convert_lines(
    migration: Migration, rows: Iterable[Row], opted_out: frozenset[int]
) -> Generator[dict[str, Any]]:
    """Yield the lines to import, and report why others are skipped."""
    for row in rows:
        user, reason = migration.speaker(row), _skip_reason(migration, row, opted_out)
        if user is None or reason is not None:
            migration.report.skip(f"line of conversation: {reason}")
        else:
            yield _convert_line(migration, row, user)


def _skip_reason(migration: Migration, row: Row, opted_out: frozenset[int]) -> str | None:
    """Return why a line cannot or must not be imported, or None."""
    user, personality_id = migration.speaker(row), to_uuid(row["personality_id"])
    ids = [row["channel_id"], row.get("guild_id") or row["channel_id"]]
    if None in map(to_snowflake, ids):
        return "its channel or server is none of Discord"
    if user is None:
        return "its user did not come over"
    if user.discord_id in opted_out:
        return "its user has opted out"
    if personality_id not in migration.personalities:
        return "its personality did not come over"
    if row["role"] not in _ROLES:
        return f"{row['role']!r} is neither user nor assistant"
    return None


def _convert_line(migration: Migration, row: Row, user: MigratedUser) -> dict[str, Any]:
    """Return a line as one of our rows, without a position."""
    is_user_line = row["role"] == Role.USER
    personality_id, persona_id = UUID(row["personality_id"]), to_uuid(row.get("persona_id"))
    content = row["content"] or ""
    return {
        "id": UUID(row["id"]),
        "channel_id": to_snowflake(row["channel_id"]),
        "guild_id": to_snowflake(row.get("guild_id")),
        "role": row["role"],
        "personality_id": personality_id,
        "user_id": user.id,
        "persona_id": persona_id if persona_id in migration.owners else None,
        "speaker_id": user.discord_id if is_user_line else None,
        "speaker_name": user.name if is_user_line else migration.personalities[personality_id],
        "content": content,
        "token_count": row.get("token_count") or estimate(content),
        "discord_message_ids": to_snowflakes(row.get("discord_message_id")),
        "created_at": to_datetime(row["created_at"]),
        "deleted_at": to_datetime(row.get("deleted_at")),
    }


async def _new_lines(migration: Migration, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines that do not exist yet, by their id or their content.

    A message to several personalities was one line for each of them; here it is one line.
    """
    table = ConversationLine
    message_ids = [each for line in lines for each in line["discord_message_ids"]]
    known = set(
        await migration.session.scalars(
            select(table.id).where(table.id.in_([line["id"] for line in lines]))
        )
    )
    existing: set[_LineKey] = {
        (role, content, message_id)
        for role, content, message_id in await migration.session.execute(
            select(table.role, table.content, func.unnest(table.discord_message_ids)).where(
                table.discord_message_ids.overlap(message_ids)
            )
        )
    }
    new: list[dict[str, Any]] = []
    for line in lines:
        line_keys = {(line["role"], line["content"], each) for each in line["discord_message_ids"]}
        if line["id"] not in known and existing.isdisjoint(line_keys):
            existing |= line_keys
            new.append(line)
    return new


async def _renumber(migration: Migration, channel_id: int) -> None:
    """Renumber a channel's lines chronologically, above all existing positions."""
    table = ConversationLine
    renumbered = (
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
    await migration.session.execute(
        update(table).where(table.id == renumbered.c.id).values(position=renumbered.c.position)
    )
