"""Sessions: the sessionmaker is the dependency, the context manager owns the pool."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

Sessions: TypeAlias = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def connect(url: str, *, pool_size: int = 10) -> AsyncGenerator[Sessions]:
    """Open a pool; each use case then runs inside its own `async with sessions.begin()`."""
    engine = create_async_engine(url, pool_pre_ping=True, pool_size=pool_size)
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()
