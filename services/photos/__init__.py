"""Photo libraries of personalities: taken in once each, found again, ready to be posted."""

from db.models import Photo
from services.photos.embedding import EmbedPhotoHandler
from services.photos.errors import (
    ArchiveBroken,
    ArchiveTooLarge,
    FileUnreadable,
    FolderEmpty,
    NoSuchFolder,
    PhotoInFlight,
    PhotoNotEmbedded,
    PhotoNotFound,
    SeveralPhotos,
)
from services.photos.service import ALT_LIMIT, PhotoService
from services.photos.sources import MOST_ARCHIVE_BYTES, archive, file, folder, is_archive
from services.photos.types import (
    ImportOutcome,
    ImportResult,
    Library,
    LibraryPhoto,
    PhotoSource,
    SimilarPhoto,
    Sources,
)

__all__ = [
    "ALT_LIMIT",
    "MOST_ARCHIVE_BYTES",
    "ArchiveBroken",
    "ArchiveTooLarge",
    "EmbedPhotoHandler",
    "FileUnreadable",
    "FolderEmpty",
    "ImportOutcome",
    "ImportResult",
    "Library",
    "LibraryPhoto",
    "NoSuchFolder",
    "Photo",
    "PhotoInFlight",
    "PhotoNotEmbedded",
    "PhotoNotFound",
    "PhotoService",
    "PhotoSource",
    "SeveralPhotos",
    "SimilarPhoto",
    "Sources",
    "archive",
    "file",
    "folder",
    "is_archive",
]
