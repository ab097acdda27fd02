"""State that the steps of an import share."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import Base
from services.legacy.conversion import NameRegistry
from services.legacy.report import ReportBuilder, RowKind
from services.legacy.shapes import Row
from services.legacy.source import LegacyDatabase


@dataclass(frozen=True)
class MigratedUser:
    """An old user, with their id in our database."""

    id: UUID
    discord_id: int
    name: str


@dataclass(kw_only=True)
class Migration:
    """A running import: source, session, report, and the rows that exist by now.

    `users` has old ids as keys, `users_here` ours; all other rows keep their ids. `owners` maps
    personas to their owners, `orphans` are personas assigned to the admin, `deleted` are
    personalities that were deleted here.
    """

    source: LegacyDatabase
    session: AsyncSession
    report: ReportBuilder = field(default_factory=ReportBuilder)
    users: dict[UUID, MigratedUser] = field(default_factory=dict[UUID, MigratedUser])
    users_here: dict[UUID, MigratedUser] = field(default_factory=dict[UUID, MigratedUser])
    owners: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    orphans: set[UUID] = field(default_factory=set[UUID])
    prompts: set[UUID] = field(default_factory=set[UUID])
    configs: set[UUID] = field(default_factory=set[UUID])
    personalities: dict[UUID, str] = field(default_factory=dict[UUID, str])
    deleted: set[UUID] = field(default_factory=set[UUID])
    personality_names: NameRegistry = field(default_factory=NameRegistry)

    def user(self, old_id: str | None) -> MigratedUser | None:
        """Return an old user, or None if they were not imported."""
        return self.users.get(UUID(old_id)) if old_id else None

    def speaker(self, row: Row) -> MigratedUser | None:
        """Return the user of a line or memory: by their id, or as the owner of their persona."""
        if row.get("user_id"):
            return self.user(row["user_id"])
        owner_id = self.owners.get(UUID(row["persona_id"])) if row.get("persona_id") else None
        return self.users_here.get(owner_id) if owner_id else None

    async def new_rows(self, table: str, kind: RowKind, existing: Container[UUID]) -> list[Row]:
        """Return the rows of an old table that do not exist here, and count those that do."""
        rows = await self.source.rows(table)
        new = [row for row in rows if UUID(row["id"]) not in existing]
        self.report.already_there[kind] += len(rows) - len(new)
        return new

    async def insert(
        self, kind: RowKind, table: type[Base], rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert rows and count them."""
        if rows:
            await self.session.execute(insert(table), rows)
        self.report.moved[kind] += len(rows)

    def assign_name(self, names: NameRegistry, row: Row, label: str) -> str:
        """Return a free name, and report if it had to be changed."""
        wanted = row.get("name") or ""
        name = names.assign(wanted)
        if name != wanted:
            self.report.changed.append(f"{label} {wanted!r} is called {name!r} now")
        return name
