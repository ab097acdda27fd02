"""Personalities, and what belongs to one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.models import (
    ActivatedChannel,
    Personality,
    PersonalityAlias,
    PersonalityDefaultConfig,
    PersonalityOwner,
    UserPersonalityConfig,
)
from services.legacy.conversion import NameRegistry, dates, document, key, snowflake
from services.legacy.migration import MigratedUser, Migration
from services.legacy.report import RowKind
from services.legacy.source import Row
from services.personalities import queries
from services.personalities.names import slugify
from services.texts import NAME_LIMIT, shorten

_TEXTS = (
    "personality_tone",
    "personality_age",
    "personality_likes",
    "personality_dislikes",
    "conversational_goals",
    "conversational_examples",
)
_DOCUMENTS = ("custom_fields", "voice_settings", "image_settings")
_FEWEST, _USUAL, _MOST = 2, 20, 200  # lines of context, as the table has them


async def move_personalities(move: Migration) -> None:
    """Bring personalities over, each with the first version of its definition."""
    found = (await move.session.scalars(select(Personality))).all()
    move.personalities = {each.id: each.name for each in found}
    move.deleted = {each.id for each in found if each.deleted_at is not None}
    living = [each for each in found if each.deleted_at is None]
    # Names, slugs and aliases are what people call them by.
    names = NameRegistry(await move.session.scalars(select(PersonalityAlias.alias)))
    for each in living:
        names.take(each.name, each.slug)
    slugs = {each.slug for each in found}
    new = [
        _personality(move, row, names, slugs)
        for row in await move.new_rows("personalities", RowKind.PERSONALITIES, move.personalities)
    ]
    move.session.add_all(new)
    await move.session.flush()
    for personality in new:
        move.personalities[personality.id] = personality.name
        queries.add_version(move.session, personality)
    await move.session.flush()
    move.tally.moved[RowKind.PERSONALITIES] += len(new)


async def move_default_configs(move: Migration) -> None:
    """Let personalities speak with what they spoke with."""
    settled = set(await move.session.scalars(select(PersonalityDefaultConfig.personality_id)))
    new: list[dict[str, Any]] = []
    for row in await move.source.rows("personalities"):
        personality_id, config_id = UUID(row["id"]), key(row.get("llm_config_id"))
        if config_id is None:
            continue
        if personality_id in settled:
            move.tally.already_there[RowKind.DEFAULT_CONFIGS] += 1
        elif config_id not in move.configs:
            move.tally.skip(f"default config of personality {row['name']!r}: there is none such")
        else:
            new.append({"personality_id": personality_id, "llm_config_id": config_id})
    await move.insert(RowKind.DEFAULT_CONFIGS, PersonalityDefaultConfig, new)


async def move_owners(move: Migration) -> None:
    """Let personalities belong to whom they belonged to."""
    found = await move.session.execute(
        select(PersonalityOwner.personality_id, PersonalityOwner.user_id)
    )
    settled = {(personality_id, user_id) for personality_id, user_id in found}
    new: list[dict[str, Any]] = []
    for row in await move.source.rows("personality_owners"):
        personality_id = UUID(row["personality_id"])
        person = move.person(row["user_id"])
        if person is None or personality_id not in move.personalities:
            move.tally.skip("owner of a personality: one of the two did not come over")
        elif (personality_id, person.id) in settled:
            move.tally.already_there[RowKind.OWNERS] += 1
        else:
            settled.add((personality_id, person.id))
            role = row.get("role") or "owner"
            new.append({"personality_id": personality_id, "user_id": person.id, "role": role})
    await move.insert(RowKind.OWNERS, PersonalityOwner, new)


async def move_choices(move: Migration, choices: Sequence[Row]) -> None:
    """Bring over which persona and config users have chosen for a personality."""
    found = await move.session.execute(
        select(UserPersonalityConfig.user_id, UserPersonalityConfig.personality_id)
    )
    settled = {(user_id, personality_id) for user_id, personality_id in found}
    new: list[dict[str, Any]] = []
    for row in choices:
        personality_id, person = UUID(row["personality_id"]), move.person(row["user_id"])
        if person is None or personality_id not in move.personalities:
            move.tally.skip("choice of a user: user or personality did not come over")
            continue
        if (person.id, personality_id) in settled:
            move.tally.already_there[RowKind.CHOICES] += 1
            continue
        settled.add((person.id, personality_id))
        new.append(_choice(move, row, person, personality_id))
    await move.insert(RowKind.CHOICES, UserPersonalityConfig, new)


async def move_channels(move: Migration) -> None:
    """Let personalities answer everything where they did."""
    found = await move.session.execute(
        select(ActivatedChannel.channel_id, ActivatedChannel.personality_id)
    )
    settled = {(channel_id, personality_id) for channel_id, personality_id in found}
    new: list[dict[str, Any]] = []
    for row in await move.source.rows("activated_channels"):
        channel_id, guild_id = snowflake(row["channel_id"]), snowflake(row.get("guild_id"))
        personality_id, creator = UUID(row["personality_id"]), move.person(row.get("created_by"))
        what = f"activated channel {row['channel_id']!r}"
        if channel_id is None or guild_id is None:
            move.tally.skip(f"{what}: it is in no server of Discord")
        elif personality_id not in move.personalities or personality_id in move.deleted:
            move.tally.skip(f"{what}: the personality is gone")
        elif (channel_id, personality_id) in settled:
            move.tally.already_there[RowKind.CHANNELS] += 1
        else:
            settled.add((channel_id, personality_id))
            new.append(
                {
                    "id": UUID(row["id"]),
                    "channel_id": channel_id,
                    "guild_id": guild_id,
                    "personality_id": personality_id,
                    "activated_by": creator.id if creator else None,
                    **dates(row),
                }
            )
    await move.insert(RowKind.CHANNELS, ActivatedChannel, new)


def _choice(
    move: Migration, row: Row, person: MigratedUser, personality_id: UUID
) -> dict[str, Any]:
    """Return a choice; a persona that is not the user's own is no choice."""
    persona_id, config_id = key(row.get("persona_id")), key(row.get("llm_config_id"))
    if persona_id is not None and move.owners.get(persona_id) != person.id:
        persona_id = None
        move.tally.changed.append(
            f"user {person.name!r} wears their default persona for "
            f"{move.personalities[personality_id]!r} now: the one chosen is not theirs"
        )
    return {
        "id": UUID(row["id"]),
        "user_id": person.id,
        "personality_id": personality_id,
        "persona_id": persona_id,
        "llm_config_id": config_id if config_id in move.configs else None,
        **dates(row),
    }


def _personality(move: Migration, row: Row, names: NameRegistry, slugs: set[str]) -> Personality:
    """Return a personality as it was, as far as our tables allow."""
    name = move.give_name(names, row, "personality")
    prompt_id = key(row.get("system_prompt_id"))
    personality = Personality(
        name=name,
        slug=_slug(move, row, name, slugs),
        display_name=_display_name(move, row),
        avatar_url=_avatar(move, row, name),
        system_prompt_id=prompt_id if prompt_id in move.prompts else None,
        character_info=row.get("character_info") or "",
        personality_traits=row.get("personality_traits") or "",
        voice_enabled=bool(row.get("voice_enabled")),
        image_enabled=bool(row.get("image_enabled")),
        memory_enabled=row.get("memory_enabled") is not False,
        context_window_size=_window(move, row, name),
    )
    personality.id = UUID(row["id"])
    for field in _TEXTS:
        setattr(personality, field, row.get(field))
    for field in _DOCUMENTS:
        setattr(personality, field, document(row.get(field)))
        if row.get(field) is not None and not isinstance(row[field], dict):
            move.tally.changed.append(f"personality {name!r}: {field} is left out, no JSON object")
    for field, time in dates(row).items():
        setattr(personality, field, time)
    return personality


def _slug(move: Migration, row: Row, name: str, slugs: set[str]) -> str:
    wanted = str(row.get("slug") or "")
    slug = wanted.lower()
    while not slug or slug in slugs:
        slug = slugify(name)
    if wanted not in {"", slug}:
        move.tally.changed.append(f"personality {name!r}: the slug {wanted!r} is {slug!r} now")
    slugs.add(slug)
    return slug


def _display_name(move: Migration, row: Row) -> str | None:
    # Discord takes no longer name for whoever speaks.
    wanted = row.get("display_name") or None
    shown = shorten(wanted, NAME_LIMIT) if wanted else None
    if shown != wanted:
        move.tally.changed.append(f"personality {wanted!r} is shown as {shown!r} now")
    return shown


def _avatar(move: Migration, row: Row, name: str) -> str | None:
    # With any other address Discord refuses whatever the personality says.
    address = row.get("avatar_url") or None
    if address is None or str(address).startswith("https://"):
        return address
    move.tally.changed.append(f"personality {name!r}: the avatar is left out, no https:// address")
    return None


def _window(move: Migration, row: Row, name: str) -> int:
    size = row.get("context_window_size")
    if size is None or _FEWEST <= size <= _MOST:
        return _USUAL if size is None else size
    move.tally.changed.append(
        f"personality {name!r}: a context of {size} lines is {_USUAL} now, "
        f"not within {_FEWEST} to {_MOST}"
    )
    return _USUAL
