"""Migration of a database to the newest revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

import migrations
from db.engine import explain
from db.errors import AddressInvalid, DatabaseUnreachable


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Run pending migrations. Blocks; runs an event loop of its own.

    Safe to call from several processes at once: an advisory lock serializes them.

    Raises:
        DatabaseUnreachable: The database cannot be opened or migrated.
    """
    try:
        command.upgrade(_config(url), "head")
    except (OSError, SQLAlchemyError, AddressInvalid) as error:
        raise DatabaseUnreachable(explain(url, error)) from error


def head() -> str:
    """Return the newest revision of this version of the program."""
    revision = ScriptDirectory.from_config(_config("")).get_current_head()
    if revision is None:  # pragma: no cover - the package includes its migrations
        raise RuntimeError("no migrations found")
    return revision
