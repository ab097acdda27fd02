"""Migration of a database to the newest revision."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import NullPool

import migrations
from db.engine import check_server, create_engine, explain
from db.errors import AddressInvalid, DatabaseUnreachable

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(migrations.__file__).parent


def _config(url: str) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as in `upgrade`

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Run pending migrations. Blocks; runs an event loop of its own.

    Safe to call from several processes at once: an advisory lock serializes them.

    Raises:
        DatabaseUnreachable: The database cannot be opened or migrated.
    """
    try:
        if asyncio.run(_revision(url)) == head():
            return
        # Most starts have nothing to migrate, and do without the half second that this takes.
        from alembic import command  # noqa: PLC0415

        command.upgrade(_config(url), "head")
    except (OSError, SQLAlchemyError, AddressInvalid) as error:
        raise DatabaseUnreachable(explain(url, error)) from error


async def _revision(url: str) -> str | None:
    """Return the revision of a database that can be used, or None of an empty one."""
    await check_server(url)
    engine = create_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except ProgrammingError:
        return None  # there is no such table yet
    finally:
        await engine.dispose()


def head() -> str:
    """Return the newest revision of this version of the program: they are numbered."""
    files = (_FOLDER / "versions").glob("[0-9]*.py")
    return max(each.name.partition("_")[0] for each in files)
