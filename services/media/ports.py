"""The interface of object stores."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """A stored file, and when it was last stored."""

    key: str
    size: int
    at: datetime


class ObjectStore(Protocol):
    """Files by key, like `characters/<id>/<id>.jpg`.

    All methods raise `StorageUnavailable` and `StorageMisconfigured`, never a vendor's errors.
    """

    async def put(self, key: str, data: bytes | Path, *, media_type: str) -> None:
        """Store bytes, or a file's content, atomically; an existing object is replaced."""
        ...

    async def get(self, key: str) -> bytes:
        """Return an object's bytes.

        Raises:
            ObjectNotFound: No object is stored under this key.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that do not exist are ignored."""
        ...

    def list_objects(self, prefix: str) -> AsyncGenerator[StoredObject]:
        """Yield the objects whose keys start with a prefix."""
        ...

    async def presigned_put(self, key: str, *, media_type: str, size: int, seconds: int) -> str:
        """Return a URL that accepts uploads of this size and media type for `seconds`."""
        ...

    def public_url(self, key: str) -> str:
        """Return a URL from which anyone can read the file, without an expiry.

        Raises:
            NoPublicUrl: No public URL is configured.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
