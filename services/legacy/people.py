"""Users, their personas, and which of them each wears by default."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from db.models import Persona, User, UserDefaultPersona
from services.legacy.conversion import NameRegistry, dates, key, snowflake
from services.legacy.migration import MigratedUser, Migration
from services.legacy.report import RowKind
from services.legacy.source import Row
from services.people import get_or_create_user
from services.types import Actor


async def move_users(move: Migration, users: Sequence[Row]) -> None:
    """Bring users over; whoever is here already, by their id on Discord, is who they are here."""
    found = await move.session.execute(select(User.discord_id, User.id))
    here = {row.discord_id: row.id for row in found}
    new: list[dict[str, Any]] = []
    for row in users:
        old_id, discord_id = UUID(row["id"]), snowflake(row["discord_id"])
        name: str = row.get("username") or str(row["discord_id"])
        if discord_id is None:
            move.tally.skip(f"user {name!r}: {row['discord_id']!r} is no id of Discord")
            continue
        if discord_id in here:
            move.tally.already_there[RowKind.USERS] += 1
        else:
            here[discord_id] = old_id
            new.append({"id": old_id, "discord_id": discord_id, "username": name, **dates(row)})
        move.people[old_id] = MigratedUser(here[discord_id], discord_id, name)
    await move.insert(RowKind.USERS, User, new)


async def move_personas(
    move: Migration, users: Sequence[Row], choices: Sequence[Row], admin: Actor
) -> None:
    """Bring personas over. Those that are nobody's become the admin's.

    One that is nobody's and that only one user wears is that user's.
    """
    here = set(await move.session.scalars(select(Persona.id)))
    new = await move.new_rows("personas", RowKind.PERSONAS, here)
    claimed = _claimed(move, new, users, choices)
    move.orphans = {UUID(row["id"]) for row, owner_id in claimed if owner_id is None}
    admin_id = await _admin(move, admin) if move.orphans else None

    names: defaultdict[UUID, NameRegistry] = defaultdict(NameRegistry)
    found = await move.session.execute(select(Persona.id, Persona.owner_id, Persona.name))
    for persona_id, owner_id, name in found:
        move.owners[persona_id] = owner_id
        names[owner_id].take(name)
    moved: list[dict[str, Any]] = []
    for row, theirs in claimed:
        owner_id = theirs or admin_id
        assert owner_id is not None  # noqa: S101 - where there are orphans, there is an admin
        name = move.give_name(names[owner_id], row, "persona")
        moved.append(
            {
                "id": UUID(row["id"]),
                "owner_id": owner_id,
                "name": name,
                "content": row.get("content") or "",
                **{each: row.get(each) for each in ("description", "preferred_name", "pronouns")},
                **dates(row),
            }
        )
    await move.insert(RowKind.PERSONAS, Persona, moved)
    move.owners.update((each["id"], each["owner_id"]) for each in moved)
    move.tally.given_to_admin += [
        f"persona {each['name']!r}" for each in moved if each["id"] in move.orphans
    ]


async def move_default_personas(move: Migration, users: Sequence[Row]) -> None:
    """Let users wear what they wore; what is not theirs gives way to their oldest, or a new one."""
    settled = set(await move.session.scalars(select(UserDefaultPersona.user_id)))
    own: defaultdict[UUID, list[UUID]] = defaultdict(list)
    found = await move.session.execute(
        select(Persona.owner_id, Persona.id).order_by(Persona.created_at, Persona.id)
    )
    for owner_id, persona_id in found:
        if persona_id not in move.orphans:
            own[owner_id].append(persona_id)
    made: list[dict[str, Any]] = []
    chosen: list[dict[str, Any]] = []
    for row in users:
        person, wanted = move.person(row["id"]), key(row.get("global_persona_id"))
        if person is None:
            continue
        if person.id in settled:
            move.tally.already_there[RowKind.DEFAULT_PERSONAS] += 1
            continue
        settled.add(person.id)
        is_theirs = wanted is not None and move.owners.get(wanted) == person.id
        if not is_theirs and not own[person.id]:
            made.append(_first_persona(person))
            own[person.id].append(made[-1]["id"])
        if wanted is not None and not is_theirs:
            move.tally.changed.append(
                f"user {person.name!r} wears a persona of their own by default now: "
                "the one before was not theirs"
            )
        persona_id = wanted if is_theirs else own[person.id][0]
        chosen.append({"user_id": person.id, "persona_id": persona_id})
    await move.insert(RowKind.FIRST_PERSONAS, Persona, made)
    await move.insert(RowKind.DEFAULT_PERSONAS, UserDefaultPersona, chosen)


def _claimed(
    move: Migration, personas: Sequence[Row], users: Sequence[Row], choices: Sequence[Row]
) -> list[tuple[Row, UUID | None]]:
    """Return personas with whose they are here, None for nobody's.

    Those of users who did not come over stay behind: they are nobody else's business.
    """
    strangers = {row["id"] for row in users if move.person(row["id"]) is None}
    wearers: defaultdict[str | None, set[str]] = defaultdict(set)
    for row in users:
        wearers[row.get("global_persona_id")].add(row["id"])
    for row in choices:
        wearers[row.get("persona_id")].add(row["user_id"])
    claimed: list[tuple[Row, UUID | None]] = []
    for row in personas:
        owner_id, worn_by = row.get("owner_id"), wearers[row["id"]]
        if owner_id is None and not row.get("is_global") and len(worn_by) == 1:
            (owner_id,) = worn_by
        person = move.person(owner_id)
        if owner_id in strangers:
            move.tally.skip(f"persona {row.get('name')!r}: its owner did not come over")
        else:
            claimed.append((row, person.id if person else None))
    return claimed


async def _admin(move: Migration, admin: Actor) -> UUID:
    """Return the admin as a user; whoever is one already keeps the name they have."""
    user_id = await move.session.scalar(select(User.id).where(User.discord_id == admin.discord_id))
    return user_id or (await get_or_create_user(move.session, admin)).id


def _first_persona(person: MigratedUser) -> dict[str, Any]:
    """Return the persona that every user has at first contact."""
    name = NameRegistry().give(person.name)
    return {"id": uuid4(), "owner_id": person.id, "name": name, "preferred_name": name}
