"""What processes take: a bot, and the PostgreSQL that it uses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_MEGABYTE: Final = 2**20
# A statement in the server's log. What a driver prepares is parsed in a round trip of its own.
_STATEMENT = re.compile(
    r"^\[(\d+)\] LOG:  duration: [\d.]+ ms  (statement|execute|parse)[^:]*: (.*(?:\n\t.*)*)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Traffic:
    """What was sent to a database: statements, and the transactions that they were in."""

    statements: Sequence[str]
    transactions: int


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL on this machine, of which one database is looked at."""

    url: str
    process: psutil.Process
    log: Path

    @classmethod
    async def of(cls, url: str) -> "PostgresServer":
        """Return the server of a database."""
        ((folder,),) = await _run(url, "SELECT current_setting('data_directory')")
        pid = int((Path(folder) / "postmaster.pid").read_text().split()[0])
        return cls(url, psutil.Process(pid), Path(folder) / "log")

    def cpu_seconds(self) -> float:
        """Return the processor time that it has taken, with backends that have ended."""
        ended = self.process.cpu_times()
        taken = ended.children_user + ended.children_system + cpu_seconds(self.process)
        return taken + sum(map(cpu_seconds, self.process.children()))

    async def log_statements(self, *, are_logged: bool) -> None:
        """Have connections that are made from now on log every statement, or none."""
        await _run(self.url, "ALTER SYSTEM SET log_line_prefix = '[%p] '")
        await _run(self.url, "SELECT pg_reload_conf()")
        name = make_url(self.url).database
        change = "SET log_min_duration_statement = 0" if are_logged else "RESET ALL"
        await _run(self.url, f"ALTER DATABASE {name} {change}")

    def logged(self) -> int:
        """Return the size of its log."""
        return self.log.stat().st_size

    def traffic(self, since: int) -> Traffic:
        """Return what was sent to it since its log had a size."""
        with self.log.open("rb") as file:
            file.seek(since)
            found = _STATEMENT.findall(file.read().decode(errors="replace"))
        statements = [" ".join(statement.split()) for _, _, statement in found]
        transactions, begun = 0, set[str]()
        for (pid, kind, _), statement in zip(found, statements, strict=True):
            if statement.startswith("BEGIN"):
                begun.add(pid)
            elif statement.startswith(("COMMIT", "ROLLBACK")):
                begun.discard(pid)
            elif pid in begun or kind == "parse":
                continue
            transactions += not statement.startswith(("COMMIT", "ROLLBACK"))
        return Traffic(statements, transactions)


def cpu_seconds(process: psutil.Process) -> float:
    """Return the processor time of a process, or 0 if it has ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def megabytes(process: psutil.Process) -> float:
    """Return the memory that a process holds."""
    return process.memory_info().rss / _MEGABYTE


async def _run(url: str, statement: str) -> Sequence[Any]:
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        found = await connection.execute(text(statement))
        rows: Sequence[Any] = found.all() if found.returns_rows else ()
    await engine.dispose()
    return rows
