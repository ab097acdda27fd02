"""Photo libraries of personalities: taken in once each, found again, ready to be posted."""

from db.models import Photo
from services.photos.errors import (
    ArchiveBroken,
    ArchiveTooLarge,
    FileUnreadable,
    FolderEmpty,
    NoSuchFolder,
    NotLookedAt,
    PhotoNotFound,
    PhotoOnItsWay,
    SeveralPhotos,
)
from services.photos.looking import LookHandler
from services.photos.service import ALT_LIMIT, PhotoService
from services.photos.sources import MOST_ARCHIVE_BYTES, archive, file, folder, is_archive
from services.photos.types import Alike, Library, Outcome, Shelved, Source, Sources, Taken

__all__ = [
    "ALT_LIMIT",
    "MOST_ARCHIVE_BYTES",
    "Alike",
    "ArchiveBroken",
    "ArchiveTooLarge",
    "FileUnreadable",
    "FolderEmpty",
    "Library",
    "LookHandler",
    "NoSuchFolder",
    "NotLookedAt",
    "Outcome",
    "Photo",
    "PhotoNotFound",
    "PhotoOnItsWay",
    "PhotoService",
    "SeveralPhotos",
    "Shelved",
    "Source",
    "Sources",
    "Taken",
    "archive",
    "file",
    "folder",
    "is_archive",
]
