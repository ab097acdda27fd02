"""Errors of files and of the object store."""

from dataclasses import dataclass
from enum import StrEnum

from services.errors import DomainError, TransientError


@dataclass(eq=False)
class ObjectNotFound(DomainError):
    """No object is stored under this key."""

    key: str


@dataclass(eq=False)
class StorageUnavailable(TransientError):
    """The storage could not be reached or failed."""

    detail: str


@dataclass(eq=False)
class StorageMisconfigured(DomainError):
    """The storage rejects the credentials or has no such bucket; a retry cannot help."""

    detail: str


@dataclass(eq=False)
class NoPublicUrl(DomainError):
    """Stored files have no public URL, because none is configured."""


@dataclass(eq=False)
class LinkUnreachable(TransientError):
    """The public link to a stored file does not return the file."""

    detail: str


class FileKind(StrEnum):
    """What a file is that is not a picture we can read, by its first bytes."""

    EMPTY = "empty"
    TRUNCATED = "truncated"
    BROKEN = "broken"
    ARCHIVE = "archive"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    OTHER_PICTURE = "other picture"
    UNKNOWN = "unknown"


@dataclass(eq=False)
class NotAPicture(DomainError):
    """The file is not a picture in a supported format, whatever its name says."""

    name: str
    kind: FileKind = FileKind.UNKNOWN


@dataclass(eq=False)
class PictureTooLarge(DomainError):
    """The picture has more pixels than the limit."""

    name: str
    megapixels: float
    limit: float


@dataclass(eq=False)
class FileTooLarge(DomainError):
    """The file has more bytes than the limit."""

    name: str
    limit_bytes: int


@dataclass(eq=False)
class ForeignHost(DomainError):
    """The host is not on the list of allowed hosts."""

    host: str


@dataclass(eq=False)
class FileNotFound(DomainError):
    """The file no longer exists at its URL."""

    name: str


@dataclass(eq=False)
class FileUnreachable(TransientError):
    """The file could not be downloaded; a retry may succeed."""

    name: str
