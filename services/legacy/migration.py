"""What the steps of an import share."""

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
    """An old user, with the id that they have here."""

    id: UUID
    discord_id: int
    name: str


@dataclass(kw_only=True)
class Migration:
    """An import under way: from where, to where, and what is here by now.

    `people` has old ids as keys; all else keeps its id. `owners` are those of personas, `orphans`
    the personas given to the admin, `buried` the personalities that were deleted here.
    """

    source: LegacyDatabase
    session: AsyncSession
    tally: ReportBuilder = field(default_factory=ReportBuilder)
    people: dict[UUID, MigratedUser] = field(default_factory=dict[UUID, MigratedUser])
    owners: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    orphans: set[UUID] = field(default_factory=set[UUID])
    prompts: set[UUID] = field(default_factory=set[UUID])
    configs: set[UUID] = field(default_factory=set[UUID])
    personalities: dict[UUID, str] = field(default_factory=dict[UUID, str])
    deleted: set[UUID] = field(default_factory=set[UUID])

    def person(self, old_id: str | None) -> MigratedUser | None:
        """Return an old user, or None where they did not come over."""
        return self.people.get(UUID(old_id)) if old_id else None

    async def new_rows(self, table: str, kind: RowKind, here: Container[UUID]) -> list[Row]:
        """Return the rows of an old table that are not here, and count those that are."""
        rows = await self.source.rows(table)
        new = [row for row in rows if UUID(row["id"]) not in here]
        self.tally.already_there[kind] += len(rows) - len(new)
        return new

    async def insert(
        self, kind: RowKind, table: type[Base], rows: Sequence[dict[str, Any]]
    ) -> None:
        """Write rows and count them."""
        if rows:
            await self.session.execute(insert(table), rows)
        self.tally.moved[kind] += len(rows)

    def give_name(self, names: NameRegistry, row: Row, what: str) -> str:
        """Return a name that is free, and note where it is another one."""
        wanted = row.get("name") or ""
        name = names.give(wanted)
        if name != wanted:
            self.tally.changed.append(f"{what} {wanted!r} is called {name!r} now")
        return name
