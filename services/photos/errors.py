"""What can be wrong with photos, and with where they come from."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class PhotoNotFound(DomainError):
    """There is no such photo of the actor's; no name where it was there a moment ago."""

    name: str


@dataclass(eq=False)
class SeveralPhotos(DomainError):
    """More than one photo goes by this name."""

    name: str


@dataclass(eq=False)
class PhotoInFlight(DomainError):
    """The photo is being posted at this moment, or may have been: it cannot be deleted now."""

    name: str


@dataclass(eq=False)
class PhotoNotEmbedded(DomainError):
    """Nobody has looked at the photo yet, so nothing is like it."""

    name: str


@dataclass(eq=False)
class NoSuchFolder(DomainError):
    """There is no such folder to import from."""

    path: str


@dataclass(eq=False)
class FolderEmpty(DomainError):
    """There is no file in the folder."""

    path: str


@dataclass(eq=False)
class FileUnreadable(DomainError):
    """A file cannot be read, or is none."""

    name: str
    detail: str


@dataclass(eq=False)
class ArchiveBroken(DomainError):
    """The file is no zip archive that can be read."""

    name: str


@dataclass(eq=False)
class ArchiveTooLarge(DomainError):
    """The archive holds more files, or more bytes, than are taken at once."""

    name: str
    files: int
    megabytes: int
