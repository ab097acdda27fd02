"""`troupe keys`: the secret that keys of users are sealed with."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.app import logs
from bot.app.own_keys import open_vault
from bot.app.settings import Settings
from db.models import ApiKey, User
from db.session import connect
from services.keys import KeysLocked, SecretWrong, Vault, propose_secret, read_secret
from tests.bot.command_line import troupe
from tests.fakes import configure_nothing

KEY = "sk-something-that-nobody-knows"
FIRST, SECOND = "the first secret, which is long enough", "the second secret, which is as long"


@pytest.fixture(autouse=True)
def _settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(logs, "configure", configure_nothing)


def store(url: str, vault: Vault) -> None:
    """Store a key of a user, sealed in a vault."""

    async def add() -> None:
        async with connect(url) as sessions, sessions.begin() as session:
            await vault.claim(session)
            user = User(discord_id=7, username="ann")
            session.add(user)
            await session.flush()
            key = ApiKey(owner_id=user.id, vendor="openai", sealed=b"")
            session.add(key)
            await session.flush()
            key.sealed = vault.seal(KEY, bound_to=key.id.bytes)

    asyncio.run(add())


def opened(url: str) -> str:
    """Return the stored key, as a process of the bot with the current settings reads it."""

    async def read() -> str:
        async with connect(url) as sessions:
            vault = await open_vault(Settings.load(), sessions)
            async with sessions() as session:
                key = (await session.scalars(select(ApiKey))).one()
            return vault.open(key.sealed, bound_to=key.id.bytes)

    return asyncio.run(read())


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    secret = read_secret(tmp_path)

    assert len(secret) > 40
    assert read_secret(tmp_path) == secret
    assert (tmp_path / "keys.secret").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["keys.secret"]


def test_a_secret_in_the_data_folder_is_rotated(database_url: str, tmp_path: Path) -> None:
    before = read_secret(tmp_path)
    store(database_url, Vault(before))

    code, said = troupe("keys", "rotate")

    assert (code, said) == (
        0,
        "1 keys are sealed with the new secret. Restart the processes of the bot.\n",
    )
    assert read_secret(tmp_path) != before
    assert opened(database_url) == KEY


def test_a_rotation_that_was_interrupted_is_completed(database_url: str, tmp_path: Path) -> None:
    read_secret(tmp_path)
    store(database_url, Vault(propose_secret(tmp_path)))

    assert opened(database_url) == KEY
    assert [each.name for each in tmp_path.iterdir()] == ["keys.secret"]


def test_a_secret_of_the_settings_is_rotated_to_the_next(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYS_SECRET", FIRST)
    store(database_url, Vault(FIRST))
    missing = troupe("keys", "rotate")
    monkeypatch.setenv("KEYS_SECRET_NEXT", SECOND)

    _, said = troupe("keys", "rotate")
    with pytest.raises(SecretWrong):
        opened(database_url)
    monkeypatch.setenv("KEYS_SECRET", SECOND)

    assert missing[0] == 2
    assert "KEYS_SECRET_NEXT: set it" in missing[1]
    assert "First set KEYS_SECRET" in said
    assert opened(database_url) == KEY


def test_a_process_with_another_secret_does_not_start(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(database_url, Vault(FIRST))
    monkeypatch.setenv("KEYS_SECRET", SECOND)

    code, said = troupe("seed")
    _, checked = troupe("doctor")

    assert code == 2
    assert "Keys of users" in checked
    assert said.startswith("troupe: KEYS_SECRET: it does not open the keys")
    assert "Traceback" not in said


def test_without_the_secret_keys_can_only_be_forgotten(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(database_url, Vault(FIRST))
    monkeypatch.setenv("KEYS_SECRET", SECOND)

    async def count() -> int | None:
        async with connect(database_url) as sessions, sessions() as session:
            await Vault(SECOND).claim(session)
            return await session.scalar(select(func.count()).select_from(ApiKey))

    with pytest.raises(KeysLocked):
        asyncio.run(count())
    asked = troupe("keys", "forget")
    done = troupe("keys", "forget", "--yes")

    assert asked[0] == 2
    assert done == (0, "1 keys are deleted.\n")
    assert asyncio.run(count()) == 0


def test_a_sealed_key_opens_only_as_what_it_was_sealed(database_url: str) -> None:
    sealed = Vault(FIRST).seal(KEY, bound_to=b"one")

    for vault, bound_to, changed in (
        (Vault(FIRST), b"other", sealed),
        (Vault(SECOND), b"one", sealed),
        (Vault(FIRST), b"one", sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ):
        with pytest.raises(KeysLocked):
            vault.open(changed, bound_to=bound_to)
    assert KEY.encode() not in sealed
    assert sealed != Vault(FIRST).seal(KEY, bound_to=b"one")
