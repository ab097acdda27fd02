"""Encryption of keys: AES-256-GCM under a secret of the operator."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes, token_urlsafe
from tempfile import mkstemp

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApiKey, KeyCheck
from services.keys.errors import KeysLocked, SecretWrong

MIN_SECRET_LENGTH = 32
_NONCE_BYTES = 12  # NIST SP 800-38D, 5.2.1.1
_CHECK = b"troupe key check"
_SECRET_FILE, _NEXT_SECRET_FILE = "keys.secret", "keys.secret.next"


class Vault:
    """Seals and opens texts under a secret, each bound to the row that holds it."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"troupe api keys")
        self._cipher = AESGCM(derived.derive(secret.encode()))

    def seal(self, text: str, *, bound_to: bytes) -> bytes:
        """Encrypt a text; it can only be opened as what it is bound to."""
        nonce = token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes) -> str:
        """Decrypt a text.

        Raises:
            KeysLocked: It was sealed under another secret, as something else, or was changed.
        """
        try:
            opened = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
        except InvalidTag as error:
            raise KeysLocked from error
        return opened.decode()

    def opens(self, check: KeyCheck) -> bool:
        """Whether keys beside this check were sealed under this secret."""
        try:
            self.open(check.sealed, bound_to=_CHECK)
        except KeysLocked:
            return False
        return True

    async def check(self, session: AsyncSession) -> None:
        """Check that stored keys, if there are any, were sealed under this secret.

        Raises:
            SecretWrong: They were sealed under another one.
        """
        check = await session.get(KeyCheck, 1)
        if check is not None and not self.opens(check):
            raise SecretWrong(
                "KEYS_SECRET: it does not open the keys that users have stored in this database; "
                "set the one that they were stored with, or delete them with `troupe keys forget`"
            )

    async def claim(self, session: AsyncSession) -> None:
        """Make sure that keys are sealed under this secret, before one is stored.

        Raises:
            KeysLocked: Other keys were sealed under another secret.
        """
        sealed = self.seal("", bound_to=_CHECK)
        await session.execute(insert(KeyCheck).values(sealed=sealed).on_conflict_do_nothing())
        check = await session.get_one(KeyCheck, 1, with_for_update={"read": True})
        if not self.opens(check):
            raise KeysLocked

    async def rotate(self, session: AsyncSession, new: "Vault") -> int:
        """Seal all keys under another secret; return how many.

        Raises:
            SecretWrong: They were sealed under another one than this.
        """
        # No key is stored meanwhile: `claim` waits for this row.
        check = await session.get(KeyCheck, 1, with_for_update=True)
        await self.check(session)
        keys = (await session.scalars(select(ApiKey))).all()
        for key in keys:
            text = self.open(key.sealed, bound_to=key.id.bytes)
            key.sealed = new.seal(text, bound_to=key.id.bytes)
        if check is not None:
            check.sealed = new.seal("", bound_to=_CHECK)
        return len(keys)


async def forget_all(session: AsyncSession) -> int:
    """Delete all keys, and what they were checked by; return how many."""
    deleted = await session.execute(delete(ApiKey).returning(ApiKey.id))
    await session.execute(delete(KeyCheck))
    return len(deleted.all())


def read_secret(folder: Path) -> str:
    """Return the secret of a data folder; make one if there is none.

    Raises:
        OSError: It cannot be read or written.
    """
    path = folder / _SECRET_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        written = _write(folder, token_urlsafe(MIN_SECRET_LENGTH))
        with suppress(FileExistsError):  # another process was faster
            os.link(written, path)
        written.unlink()
    return path.read_text().strip()


def propose_secret(folder: Path) -> str:
    """Return a new secret, written beside the current one until `adopt_secret`."""
    secret = token_urlsafe(MIN_SECRET_LENGTH)
    _write(folder, secret).replace(folder / _NEXT_SECRET_FILE)
    return secret


def proposed_secret(folder: Path) -> str | None:
    """Return the secret of a rotation that has not ended, if there is one."""
    path = folder / _NEXT_SECRET_FILE
    return path.read_text().strip() if path.exists() else None


def adopt_secret(folder: Path) -> None:
    """Make the proposed secret the current one."""
    (folder / _NEXT_SECRET_FILE).replace(folder / _SECRET_FILE)


def _write(folder: Path, secret: str) -> Path:
    """Write a secret into a new file that only this account may read; return its path."""
    descriptor, name = mkstemp(prefix=_SECRET_FILE, dir=folder)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return Path(name)
