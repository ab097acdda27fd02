"""What can be wrong with files and with where they are kept."""

from dataclasses import dataclass

from services.errors import DomainError, TransientError


@dataclass(eq=False)
class ObjectNotFound(DomainError):
    """There is nothing stored under this key."""

    key: str


@dataclass(eq=False)
class StorageUnavailable(TransientError):
    """The storage could not be reached, or broke."""

    detail: str


@dataclass(eq=False)
class StorageMisconfigured(DomainError):
    """The storage refuses our key, or has no such bucket; trying again cannot help."""

    detail: str


@dataclass(eq=False)
class NoPublicUrl(DomainError):
    """What is stored cannot be reached from outside: nobody has set under which address."""


@dataclass(eq=False)
class LinkUnreachable(TransientError):
    """What should be a public link to a stored file does not lead to it."""

    detail: str


@dataclass(eq=False)
class NotAPicture(DomainError):
    """The file is no picture that we can read, whatever its name says."""

    name: str


@dataclass(eq=False)
class PictureTooLarge(DomainError):
    """The picture has more pixels than we take."""

    name: str
    megapixels: float
    limit: float


@dataclass(eq=False)
class FileTooLarge(DomainError):
    """The file has more bytes than we take."""

    name: str
    limit_bytes: int


@dataclass(eq=False)
class ForeignHost(DomainError):
    """The address is none that we fetch files from."""

    host: str


@dataclass(eq=False)
class FileNotFound(DomainError):
    """The file is not at its address any more."""

    name: str


@dataclass(eq=False)
class FileUnreachable(TransientError):
    """The file could not be fetched just now."""

    name: str
