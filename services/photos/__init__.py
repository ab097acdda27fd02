"""Photo libraries of personalities: import without duplicates, search, and posts."""

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
from services.photos.queries import referenced_keys
from services.photos.service import ALT_LIMIT, PhotoService
from services.photos.sources import (
    MAX_ARCHIVE_BYTES,
    archive_sources,
    file_source,
    folder_sources,
    is_archive,
    unreadable_source,
)
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
    "MAX_ARCHIVE_BYTES",
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
    "archive_sources",
    "file_source",
    "folder_sources",
    "is_archive",
    "referenced_keys",
    "unreadable_source",
]
