"""Import of users, their personas and their default personas."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from db.models import Persona, User, UserDefaultPersona
from services.errors import UnknownTimeZone
from services.legacy.conversion import NameRegistry, to_snowflake, to_timestamps, to_uuid
from services.legacy.migration import MigratedUser, Migration
from services.legacy.report import RowKind
from services.legacy.shapes import Row
from services.people import get_or_create_user
from services.time_zones import parse_time_zone
from services.types import Actor


async def move_users(migration: Migration, users: Sequence[Row]) -> None:
    """Import users; those that exist already, by their Discord id, are kept as they are."""
    rows = await migration.session.execute(select(User.discord_id, User.id))
    existing = {row.discord_id: row.id for row in rows}
    new: list[dict[str, Any]] = []
    for row in users:
        old_id, discord_id = UUID(row["id"]), to_snowflake(row["discord_id"])
        name: str = row.get("username") or str(row["discord_id"])
        if discord_id is None:
            migration.report.skip(f"user {name!r}: {row['discord_id']!r} is no id of Discord")
            continue
        if discord_id in existing:
            migration.report.already_there[RowKind.USERS] += 1
        else:
            existing[discord_id] = old_id
            new.append(
                {
                    "id": old_id,
                    "discord_id": discord_id,
                    "username": name,
                    "time_zone": _to_time_zone(row.get("timezone")),
                    **to_timestamps(row),
                }
            )
        user = MigratedUser(existing[discord_id], discord_id, name)
        migration.users[old_id] = migration.users_here[user.id] = user
    await migration.insert(RowKind.USERS, User, new)


async def move_personas(
    migration: Migration, users: Sequence[Row], choices: Sequence[Row], admin: Actor
) -> None:
    """Import personas. Those without an owner are assigned to the admin.

    A persona without an owner that only one user has selected is assigned to that user.
    """
    existing = set(await migration.session.scalars(select(Persona.id)))
    new = await migration.new_rows("personas", RowKind.PERSONAS, existing)
    owned_personas = _assign_owners(migration, new, users, choices)
    migration.orphans = {UUID(row["id"]) for row, owner_id in owned_personas if owner_id is None}
    admin_id = await _get_admin_id(migration, admin) if migration.orphans else None

    names: defaultdict[UUID, NameRegistry] = defaultdict(NameRegistry)
    rows = await migration.session.execute(select(Persona.id, Persona.owner_id, Persona.name))
    for persona_id, owner_id, name in rows:
        migration.owners[persona_id] = owner_id
        names[owner_id].reserve(name)
    migrated: list[dict[str, Any]] = []
    for row, user_id in owned_personas:
        owner_id = user_id or admin_id
        assert owner_id is not None  # noqa: S101 - if there are orphans, there is an admin
        name = migration.assign_name(names[owner_id], row, "persona")
        migrated.append(
            {
                "id": UUID(row["id"]),
                "owner_id": owner_id,
                "name": name,
                "content": row.get("content") or "",
                **{each: row.get(each) for each in ("description", "preferred_name", "pronouns")},
                **to_timestamps(row),
            }
        )
    await migration.insert(RowKind.PERSONAS, Persona, migrated)
    migration.owners.update((each["id"], each["owner_id"]) for each in migrated)
    migration.report.given_to_admin += [
        f"persona {each['name']!r}" for each in migrated if each["id"] in migration.orphans
    ]


async def move_default_personas(migration: Migration, users: Sequence[Row]) -> None:
    """Import default personas. Those of other users are replaced by the oldest own or a new one."""
    existing = set(await migration.session.scalars(select(UserDefaultPersona.user_id)))
    own_personas: defaultdict[UUID, list[UUID]] = defaultdict(list)
    rows = await migration.session.execute(
        select(Persona.owner_id, Persona.id).order_by(Persona.created_at, Persona.id)
    )
    for owner_id, persona_id in rows:
        if persona_id not in migration.orphans:
            own_personas[owner_id].append(persona_id)
    first_personas: list[dict[str, Any]] = []
    defaults: list[dict[str, Any]] = []
    for row in users:
        user, wanted = migration.user(row["id"]), to_uuid(row.get("global_persona_id"))
        if user is None:
            continue
        if user.id in existing:
            migration.report.already_there[RowKind.DEFAULT_PERSONAS] += 1
            continue
        existing.add(user.id)
        is_own = wanted is not None and migration.owners.get(wanted) == user.id
        if not is_own and not own_personas[user.id]:
            first_personas.append(_first_persona(user))
            own_personas[user.id].append(first_personas[-1]["id"])
        if wanted is not None and not is_own:
            migration.report.changed.append(
                f"user {user.name!r} wears a persona of their own by default now: "
                "the one before was not theirs"
            )
        persona_id = wanted if is_own else own_personas[user.id][0]
        defaults.append({"user_id": user.id, "persona_id": persona_id})
    await migration.insert(RowKind.FIRST_PERSONAS, Persona, first_personas)
    await migration.insert(RowKind.DEFAULT_PERSONAS, UserDefaultPersona, defaults)


def _assign_owners(
    migration: Migration, personas: Sequence[Row], users: Sequence[Row], choices: Sequence[Row]
) -> list[tuple[Row, UUID | None]]:
    """Return personas with the ids of their owners here, or None for nobody's.

    Personas of users who were not imported are skipped, to keep them private.
    """
    skipped_ids = {row["id"] for row in users if migration.user(row["id"]) is None}
    user_ids: defaultdict[str | None, set[str]] = defaultdict(set)
    for row in users:
        user_ids[row.get("global_persona_id")].add(row["id"])
    for row in choices:
        user_ids[row.get("persona_id")].add(row["user_id"])
    assigned: list[tuple[Row, UUID | None]] = []
    for row in personas:
        owner_id, used_by = row.get("owner_id"), user_ids[row["id"]]
        if owner_id is None and not row.get("is_global") and len(used_by) == 1:
            (owner_id,) = used_by
        user = migration.user(owner_id)
        if owner_id in skipped_ids:
            migration.report.skip(f"persona {row.get('name')!r}: its owner did not come over")
        else:
            assigned.append((row, user.id if user else None))
    return assigned


async def _get_admin_id(migration: Migration, admin: Actor) -> UUID:
    """Return the id of the admin as a user; an existing user keeps their name."""
    user_id = await migration.session.scalar(
        select(User.id).where(User.discord_id == admin.discord_id)
    )
    return user_id or (await get_or_create_user(migration.session, admin)).id


def _to_time_zone(name: str | None) -> str | None:
    """Return a time zone that a user has chosen; `UTC` was everybody's before they chose."""
    try:
        return None if name in {None, "", "UTC"} else parse_time_zone(str(name)).key
    except UnknownTimeZone:
        return None


def _first_persona(user: MigratedUser) -> dict[str, Any]:
    """Return the first persona of a user."""
    name = NameRegistry().assign(user.name)
    return {"id": uuid4(), "owner_id": user.id, "name": name, "preferred_name": name}
