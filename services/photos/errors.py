"""Errors of photos and of their sources."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class PhotoNotFound(DomainError):
    """The actor has no such photo; `name` is empty if it was deleted a moment ago."""

    name: str


@dataclass(eq=False)
class SeveralPhotos(DomainError):
    """More than one photo has this name."""

    name: str


@dataclass(eq=False)
class PhotoInFlight(DomainError):
    """The photo is being posted or may have been posted, so it cannot be deleted now."""

    name: str


@dataclass(eq=False)
class PhotoNotEmbedded(DomainError):
    """The photo has no embedding yet, so no similar ones can be found."""

    name: str


@dataclass(eq=False)
class NoSuchFolder(DomainError):
    """The folder to import from does not exist."""

    path: str


@dataclass(eq=False)
class FolderEmpty(DomainError):
    """The folder or archive has no files."""

    path: str


@dataclass(eq=False)
class FileUnreadable(DomainError):
    """A file cannot be read, or is not a regular file."""

    name: str
    detail: str


@dataclass(eq=False)
class ArchiveBroken(DomainError):
    """The file is not a zip archive, or cannot be read as one."""

    name: str


@dataclass(eq=False)
class ArchiveTooLarge(DomainError):
    """The archive has more files or more bytes than the limits."""

    name: str
    files: int
    megabytes: int
