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
from services.legacy.source import LegacyDatabase, Row


@dataclass(frozen=True)
class MigratedUser:
    """An old user, with their id in our database."""

    id: UUID
    discord_id: int
    name: str


@dataclass(kw_only=True)
class Migration:
    """A running import: source, session, report, and the rows that exist by now.

    `users` has old ids as keys; all other rows keep their ids. `owners` maps personas to their
    owners, `orphans` are personas assigned to the admin, `deleted` are personalities that were
    deleted here.
    """

    source: LegacyDatabase
    session: AsyncSession
    report: ReportBuilder = field(default_factory=ReportBuilder)
    users: dict[UUID, MigratedUser] = field(default_factory=dict[UUID, MigratedUser])
    owners: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    orphans: set[UUID] = field(default_factory=set[UUID])
    prompts: set[UUID] = field(default_factory=set[UUID])
    configs: set[UUID] = field(default_factory=set[UUID])
    personalities: dict[UUID, str] = field(default_factory=dict[UUID, str])
    deleted: set[UUID] = field(default_factory=set[UUID])

    def user(self, old_id: str | None) -> MigratedUser | None:
        """Return an old user, or None if they were not imported."""
        return self.users.get(UUID(old_id)) if old_id else None

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
