"""What a storage of files must be able to do."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Stored:
    """A file in the storage, and when it was put there."""

    key: str
    size: int
    at: datetime


class ObjectStore(Protocol):
    """Files by key, like `characters/<id>/<id>.jpg`.

    All methods raise `StorageUnavailable` and `StorageMisconfigured`, and none of the vendor's own.
    """

    async def put(self, key: str, data: bytes | Path, *, media_type: str) -> None:
        """Store bytes, or what is in a file, whole or not at all; what was there is replaced."""
        ...

    async def get(self, key: str) -> bytes:
        """Return what is stored.

        Raises:
            ObjectGone: There is nothing under this key.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove files; those that are not there are as good as removed."""
        ...

    def listed(self, prefix: str) -> AsyncGenerator[Stored]:
        """Yield what is stored under keys that begin so."""
        ...

    async def presigned_put(self, key: str, *, media_type: str, size: int, seconds: int) -> str:
        """Return where this many bytes of this type can be put, once or more, for a while."""
        ...

    async def presigned_get(self, key: str, *, seconds: int) -> str:
        """Return where the file can be read for a while."""
        ...

    def public_url(self, key: str) -> str:
        """Return where everyone who knows the address can read the file, for good.

        Raises:
            NoPublicAddress: Nowhere.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
