"""Sessions: the sessionmaker is the dependency, the context manager owns the pool."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

# A filtered search for the nearest goes on until it has found as many as were asked for.
_SERVER_SETTINGS = {"hnsw.iterative_scan": "relaxed_order"}

Sessions: TypeAlias = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def connect(url: str, *, pool_size: int = 10) -> AsyncGenerator[Sessions]:
    """Open a pool; each use case then runs inside its own `async with sessions.begin()`."""
    engine = create_async_engine(
        url,
        pool_pre_ping=True,
        pool_size=pool_size,
        connect_args={"server_settings": _SERVER_SETTINGS},
    )
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()
