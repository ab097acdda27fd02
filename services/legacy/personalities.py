"""Import of personalities and what belongs to them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, update

from db.models import (
    ActivatedChannel,
    Personality,
    PersonalityAlias,
    PersonalityDefaultConfig,
    PersonalityOwner,
    UserPersonalityConfig,
)
from services.errors import TextEmpty, TextTooLong
from services.legacy.conversion import (
    NameRegistry,
    to_json_object,
    to_snowflake,
    to_timestamps,
    to_uuid,
)
from services.legacy.migration import MigratedUser, Migration
from services.legacy.report import RowKind
from services.legacy.shapes import Row
from services.names import slugify
from services.personalities import queries
from services.texts import NAME_LIMIT, clean_name, shorten

_TEXTS = (
    "personality_tone",
    "personality_age",
    "personality_likes",
    "personality_dislikes",
    "conversational_goals",
    "conversational_examples",
)
_DOCUMENTS = ("custom_fields", "voice_settings", "image_settings")
_MIN_WINDOW, _DEFAULT_WINDOW, _MAX_WINDOW = (
    2,
    20,
    200,
)  # lines of context, as in the constraints of the table


async def move_personalities(migration: Migration) -> None:
    """Import personalities, each with the first version of its definition."""
    existing = (await migration.session.scalars(select(Personality))).all()
    migration.personalities = {each.id: each.name for each in existing}
    migration.deleted = {each.id for each in existing if each.deleted_at is not None}
    active = [each for each in existing if each.deleted_at is None]
    # Names, slugs and aliases share one namespace.
    names = NameRegistry(await migration.session.scalars(select(PersonalityAlias.alias)))
    for each in active:
        names.reserve(each.name, each.slug)
    slugs = {each.slug for each in existing}
    new = [
        _convert_personality(migration, row, names, slugs)
        for row in await migration.new_rows(
            "personalities", RowKind.PERSONALITIES, migration.personalities
        )
    ]
    migration.personality_names = names
    migration.session.add_all(new)
    await migration.session.flush()
    for personality in new:
        migration.personalities[personality.id] = personality.name
        queries.add_version(migration.session, personality)
    await migration.session.flush()
    migration.report.moved[RowKind.PERSONALITIES] += len(new)


async def move_default_configs(migration: Migration) -> None:
    """Import the default configs of personalities."""
    existing = set(await migration.session.scalars(select(PersonalityDefaultConfig.personality_id)))
    new: list[dict[str, Any]] = []
    for row in await migration.source.rows("personalities"):
        personality_id, config_id = UUID(row["id"]), to_uuid(row.get("llm_config_id"))
        if config_id is None:
            continue
        if personality_id in existing:
            migration.report.already_there[RowKind.DEFAULT_CONFIGS] += 1
        elif config_id not in migration.configs:
            migration.report.skip(
                f"default config of personality {row['name']!r}: there is none such"
            )
        else:
            new.append({"personality_id": personality_id, "llm_config_id": config_id})
    await migration.insert(RowKind.DEFAULT_CONFIGS, PersonalityDefaultConfig, new)


async def move_owners(migration: Migration) -> None:
    """Import the owners of personalities."""
    rows = await migration.session.execute(
        select(PersonalityOwner.personality_id, PersonalityOwner.user_id)
    )
    existing = {(personality_id, user_id) for personality_id, user_id in rows}
    new: list[dict[str, Any]] = []
    # Later versions keep the first owner in a column; the table has the others, or all.
    makers = [
        {"personality_id": row["id"], "user_id": row["owner_id"]}
        for row in await migration.source.rows("personalities")
        if row.get("owner_id")
    ]
    others = await migration.source.rows("personality_owners")
    listed = {(row["personality_id"], row["user_id"]) for row in others}
    unlisted = [row for row in makers if (row["personality_id"], row["user_id"]) not in listed]
    for row in [*others, *unlisted]:
        personality_id = UUID(row["personality_id"])
        user = migration.user(row["user_id"])
        if user is None or personality_id not in migration.personalities:
            migration.report.skip("owner of a personality: one of the two did not come over")
        elif (personality_id, user.id) in existing:
            migration.report.already_there[RowKind.OWNERS] += 1
        else:
            existing.add((personality_id, user.id))
            role = row.get("role") or "owner"
            new.append({"personality_id": personality_id, "user_id": user.id, "role": role})
    await migration.insert(RowKind.OWNERS, PersonalityOwner, new)
    for row in makers:
        if user := migration.user(row["user_id"]):
            await migration.session.execute(
                update(Personality)
                .where(
                    Personality.id == UUID(row["personality_id"]), Personality.maker_id.is_(None)
                )
                .values(maker_id=user.id)
            )
    await queries.pass_on(migration.session, [each["personality_id"] for each in new])


async def move_aliases(migration: Migration) -> None:
    """Import aliases, unless a name, a slug or another alias has them."""
    rows = await migration.session.execute(
        select(func.lower(PersonalityAlias.alias), PersonalityAlias.personality_id)
    )
    existing = {(alias, personality_id) for alias, personality_id in rows}
    new: list[dict[str, Any]] = []
    for row in await migration.source.rows("personality_aliases"):
        wanted, personality_id = str(row["alias"] or ""), UUID(row["personality_id"])
        label = f"alias {wanted!r}"
        if (wanted.lower(), personality_id) in existing:
            migration.report.already_there[RowKind.ALIASES] += 1
        elif personality_id not in migration.personalities or personality_id in migration.deleted:
            migration.report.skip(f"{label}: the personality is gone")
        elif row.get("user_id"):
            migration.report.skip(f"{label}: it is one user's own")
        elif (alias := _clean_alias(wanted)) is None:
            migration.report.skip(f"{label}: it is no name")
        elif not migration.personality_names.is_free(alias):
            migration.report.skip(f"{label}: the name is taken")
        else:
            migration.personality_names.reserve(alias)
            existing.add((alias.lower(), personality_id))
            new.append({"id": uuid4(), "personality_id": personality_id, "alias": alias})
    await migration.insert(RowKind.ALIASES, PersonalityAlias, new)


async def move_choices(migration: Migration, choices: Sequence[Row]) -> None:
    """Import the personas and configs that users have selected for personalities."""
    rows = await migration.session.execute(
        select(UserPersonalityConfig.user_id, UserPersonalityConfig.personality_id)
    )
    existing = {(user_id, personality_id) for user_id, personality_id in rows}
    new: list[dict[str, Any]] = []
    for row in choices:
        personality_id, user = UUID(row["personality_id"]), migration.user(row["user_id"])
        if user is None or personality_id not in migration.personalities:
            migration.report.skip("choice of a user: user or personality did not come over")
            continue
        if (user.id, personality_id) in existing:
            migration.report.already_there[RowKind.CHOICES] += 1
            continue
        existing.add((user.id, personality_id))
        new.append(_convert_choice(migration, row, user, personality_id))
    await migration.insert(RowKind.CHOICES, UserPersonalityConfig, new)


async def move_channels(migration: Migration) -> None:
    """Import activated channels."""
    rows = await migration.session.execute(
        select(ActivatedChannel.channel_id, ActivatedChannel.personality_id)
    )
    existing = {(channel_id, personality_id) for channel_id, personality_id in rows}
    guilds = await migration.source.channel_guilds()
    new: list[dict[str, Any]] = []
    for row in await migration.source.rows("activated_channels"):
        channel_id = to_snowflake(row["channel_id"])
        guild_id = to_snowflake(row.get("guild_id") or guilds.get(str(row["channel_id"])))
        personality_id, creator = UUID(row["personality_id"]), migration.user(row.get("created_by"))
        label = f"activated channel {row['channel_id']!r}"
        if channel_id is None or guild_id is None:
            migration.report.skip(f"{label}: it is in no server of Discord")
        elif personality_id not in migration.personalities or personality_id in migration.deleted:
            migration.report.skip(f"{label}: the personality is gone")
        elif (channel_id, personality_id) in existing:
            migration.report.already_there[RowKind.CHANNELS] += 1
        else:
            existing.add((channel_id, personality_id))
            new.append(
                {
                    "id": UUID(row["id"]),
                    "channel_id": channel_id,
                    "guild_id": guild_id,
                    "personality_id": personality_id,
                    "activated_by": creator.id if creator else None,
                    **to_timestamps(row),
                }
            )
    await migration.insert(RowKind.CHANNELS, ActivatedChannel, new)


def _clean_alias(wanted: str) -> str | None:
    try:
        return clean_name(wanted, field="alias")
    except (TextEmpty, TextTooLong):
        return None


def _convert_choice(
    migration: Migration, row: Row, user: MigratedUser, personality_id: UUID
) -> dict[str, Any]:
    """Return a selection, without a persona that is not the user's own."""
    persona_id, config_id = to_uuid(row.get("persona_id")), to_uuid(row.get("llm_config_id"))
    if persona_id is not None and migration.owners.get(persona_id) != user.id:
        persona_id = None
        migration.report.changed.append(
            f"user {user.name!r} wears their default persona for "
            f"{migration.personalities[personality_id]!r} now: the one chosen is not theirs"
        )
    return {
        "id": UUID(row["id"]),
        "user_id": user.id,
        "personality_id": personality_id,
        "persona_id": persona_id,
        "llm_config_id": config_id if config_id in migration.configs else None,
        **to_timestamps(row),
    }


def _convert_personality(
    migration: Migration, row: Row, names: NameRegistry, slugs: set[str]
) -> Personality:
    """Return a personality, changed only as far as our tables require."""
    name = migration.assign_name(names, row, "personality")
    prompt_id = to_uuid(row.get("system_prompt_id"))
    personality = Personality(
        name=name,
        slug=_assign_slug(migration, row, name, slugs),
        display_name=_convert_display_name(migration, row),
        avatar_url=_convert_avatar(migration, row, name),
        system_prompt_id=prompt_id if prompt_id in migration.prompts else None,
        character_info=row.get("character_info") or "",
        personality_traits=row.get("personality_traits") or "",
        voice_enabled=bool(row.get("voice_enabled")),
        image_enabled=bool(row.get("image_enabled")),
        memory_enabled=row.get("memory_enabled") is not False,
        context_window_size=_convert_window(migration, row, name),
    )
    personality.id = UUID(row["id"])
    for field in _TEXTS:
        setattr(personality, field, row.get(field))
    for field in _DOCUMENTS:
        setattr(personality, field, to_json_object(row.get(field)))
        if row.get(field) is not None and not isinstance(row[field], dict):
            migration.report.changed.append(
                f"personality {name!r}: {field} is left out, no JSON object"
            )
    for field, time in to_timestamps(row).items():
        setattr(personality, field, time)
    return personality


def _assign_slug(migration: Migration, row: Row, name: str, slugs: set[str]) -> str:
    wanted = str(row.get("slug") or "")
    slug = wanted.lower()
    while not slug or slug in slugs:
        slug = slugify(name)
    if wanted not in {"", slug}:
        migration.report.changed.append(
            f"personality {name!r}: the slug {wanted!r} is {slug!r} now"
        )
    slugs.add(slug)
    return slug


def _convert_display_name(migration: Migration, row: Row) -> str | None:
    # Discord does not accept longer names for webhooks.
    wanted = row.get("display_name") or None
    shortened = shorten(wanted, NAME_LIMIT) if wanted else None
    if shortened != wanted:
        migration.report.changed.append(f"personality {wanted!r} is shown as {shortened!r} now")
    return shortened


def _convert_avatar(migration: Migration, row: Row, name: str) -> str | None:
    # With any other URL Discord rejects all messages of the personality.
    address = row.get("avatar_url") or None
    if address is None or str(address).startswith("https://"):
        return address
    migration.report.changed.append(
        f"personality {name!r}: the avatar is left out, no https:// address"
    )
    return None


def _convert_window(migration: Migration, row: Row, name: str) -> int:
    size = row.get("context_window_size")
    if size is None or _MIN_WINDOW <= size <= _MAX_WINDOW:
        return _DEFAULT_WINDOW if size is None else size
    migration.report.changed.append(
        f"personality {name!r}: a context of {size} lines is {_DEFAULT_WINDOW} now, "
        f"not within {_MIN_WINDOW} to {_MAX_WINDOW}"
    )
    return _DEFAULT_WINDOW
