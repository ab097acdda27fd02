"""Preloaded by the fork server, so that its processes start with everything they need.

Besides modules this is SQLAlchemy's mappers, modules that SDKs import at their first request, and
the embedding model. `gc.freeze` keeps the garbage collector from copying the shared pages.
"""

import gc
import importlib
import pkgutil

from sqlalchemy.orm import configure_mappers

import cogs
from tests.services import (
    character_support,
    chat_adapters,
    engine_support,
    posting_support,
    publishing_support,
)

__all__ = [
    "character_support",
    "chat_adapters",
    "engine_support",
    "posting_support",
    "publishing_support",
]

# Imported by SQLAlchemy, httpx and anyio when they first connect.
_LAZY = (
    "anyio._backends._asyncio",
    "asyncpg",
    "httpcore",
    "httpcore2",
    "openai.resources.chat.completions",
    "jiter",
    "encodings.idna",
)

for _name in (*_LAZY, *(each.name for each in pkgutil.walk_packages(cogs.__path__, "cogs."))):
    importlib.import_module(_name)
chat_adapters.embedder()
configure_mappers()
gc.collect()
gc.freeze()
