"""How Alembic reaches the database: the address comes from the caller, or from the settings."""

import asyncio
import os
from typing import Any

from alembic import context
from sqlalchemy import Connection, pool, text

from db import models
from db.engine import check_server, create_engine

# Several processes may start at once: one upgrades, the others wait and find nothing to do.
LOCK = 7_204_911


# Besides the default one.
SCHEMAS = {None, "jobs"}


def include(name: str | None, type_: str, _: Any) -> bool:
    """Leave out what is not ours."""
    return type_ != "schema" or name in SCHEMAS


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=models.User.metadata,
        include_schemas=True,
        include_name=include,
    )
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        context.run_migrations()


async def run() -> None:
    url = context.config.attributes.get("url") or os.environ["DATABASE_URL"]
    await check_server(url)
    engine = create_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
