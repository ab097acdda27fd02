"""Import of memories, embedded anew: vectors of different embedders cannot be compared."""

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import select

from db.models import Memory, OptOut, Persona, Venue
from services.embeddings import TextEmbedder
from services.legacy.conversion import to_snowflake, to_timestamps, to_uuid
from services.legacy.migration import Migration
from services.legacy.report import RowKind
from services.legacy.shapes import Row
from services.memory import index

_BATCH_SIZE = 500
# The old bot kept these in place of names.
_USER_MARKS, _PERSONALITY_MARKS = ("{user}", "{{user}}"), ("{assistant}", "{{char}}")


async def move_memories(migration: Migration, embedder: TextEmbedder) -> None:
    """Import the memories of users who are here.

    Where nobody knows whether a channel was public, it is taken as private.
    """
    existing = frozenset(await migration.session.scalars(select(Memory.id)))
    opted_out = frozenset(await migration.session.scalars(select(OptOut.discord_id)))
    names = {
        persona_id: preferred_name or name
        for persona_id, preferred_name, name in await migration.session.execute(
            select(Persona.id, Persona.preferred_name, Persona.name)
        )
    }
    guilds = await migration.source.channel_guilds()
    rows = await migration.new_rows("memories", RowKind.MEMORIES, existing)
    new: list[dict[str, Any]] = []
    for row in rows:
        if reason := _skip_reason(migration, row, opted_out):
            migration.report.skip(f"memory: {reason}")
        else:
            new.append(_convert_memory(migration, row, names, guilds))
    for start in range(0, len(new), _BATCH_SIZE):
        await _insert(migration, embedder, new[start : start + _BATCH_SIZE])


async def _insert(
    migration: Migration, embedder: TextEmbedder, memories: Sequence[dict[str, Any]]
) -> None:
    texts = await index(embedder, [each["content"] for each in memories])
    await migration.insert(
        RowKind.MEMORIES,
        Memory,
        [{**each, **indexed.columns()} for each, indexed in zip(memories, texts, strict=True)],
    )


def _skip_reason(migration: Migration, row: Row, opted_out: frozenset[int]) -> str | None:
    """Return why a memory cannot or must not be imported, or None."""
    user = migration.speaker(row)
    if user is None:
        return "its user did not come over" if row.get("persona_id") else "it is of no user"
    if user.discord_id in opted_out:
        return "its user has opted out"
    if UUID(row["personality_id"]) not in migration.personalities:
        return "its personality did not come over"
    if not str(row["content"] or "").strip():
        return "it is empty"
    if row.get("visibility") not in {None, "normal"}:
        return f"it was {row['visibility']}"
    return None


def _convert_memory(
    migration: Migration, row: Row, names: dict[UUID, str], guilds: dict[str, str]
) -> dict[str, Any]:
    """Return a memory as one of our rows, without its embedding."""
    user, personality_id = migration.speaker(row), UUID(row["personality_id"])
    assert user is not None  # noqa: S101 - else it is skipped
    persona_id, content = to_uuid(row.get("persona_id")), str(row["content"])
    speaker = names.get(persona_id, user.name) if persona_id else user.name
    for mark in _USER_MARKS:
        content = content.replace(mark, speaker)
    for mark in _PERSONALITY_MARKS:
        content = content.replace(mark, migration.personalities[personality_id])
    channel = str(row.get("channel_id") or "")
    guild_id = to_snowflake(row.get("guild_id") or guilds.get(channel))
    return {
        "id": UUID(row["id"]),
        "user_id": user.id,
        "personality_id": personality_id,
        "persona_id": persona_id if persona_id in migration.owners else None,
        "venue": Venue.DM if guild_id is None else Venue.PRIVATE,
        "guild_id": guild_id,
        # No channel has the id 0: what is from no known channel is recalled in DMs only.
        "channel_id": to_snowflake(channel) or 0,
        "session_id": uuid5(NAMESPACE_OID, str(row.get("session_id") or row["id"])),
        "content": content,
        "locked": bool(row.get("is_locked")),
        **{name: time for name, time in to_timestamps(row).items() if name == "created_at"},
    }
