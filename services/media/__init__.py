"""Files and pictures: object stores, downloads, image processing and garbage collection."""

from services.media.errors import (
    FileKind,
    FileNotFound,
    FileTooLarge,
    FileUnreachable,
    ForeignHost,
    LinkUnreachable,
    NoPublicUrl,
    NotAPicture,
    ObjectNotFound,
    PictureTooLarge,
    StorageMisconfigured,
    StorageUnavailable,
)
from services.media.fetching import VENDOR_HOSTS, Fetcher, check_link
from services.media.folder import ROUTE, FolderStore
from services.media.garbage_collection import (
    PICTURES,
    SPEECH,
    DeleteHandler,
    GarbageCollectionHandler,
    GarbageCollector,
    References,
    enqueue_deletion,
)
from services.media.memory_limit import MemoryLimiter
from services.media.photo_files import PreparedPhoto, prepare_photo
from services.media.pictures import (
    JPEG,
    MAX_BYTES,
    MAX_MEMORY,
    Picture,
    decoding_memory,
    kind_of,
    media_type_of,
    pixels_of,
    prepare,
    thumbnail,
)
from services.media.ports import ObjectStore, StoredObject
from services.media.sheets import MAX_PICTURES_PER_DAY, Pin, PinState, contact_sheet, month_sheet
from services.media.squares import Crop, cells, small_png, square
from services.media.themes import CARD_RADIUS, CARD_WIDTH, DARK, LIGHT, Palette, Theme
from services.media.uploads import read_upload

__all__ = [
    "CARD_RADIUS",
    "CARD_WIDTH",
    "DARK",
    "JPEG",
    "LIGHT",
    "MAX_BYTES",
    "MAX_MEMORY",
    "MAX_PICTURES_PER_DAY",
    "PICTURES",
    "ROUTE",
    "SPEECH",
    "VENDOR_HOSTS",
    "Crop",
    "DeleteHandler",
    "Fetcher",
    "FileKind",
    "FileNotFound",
    "FileTooLarge",
    "FileUnreachable",
    "FolderStore",
    "ForeignHost",
    "GarbageCollectionHandler",
    "GarbageCollector",
    "LinkUnreachable",
    "MemoryLimiter",
    "NoPublicUrl",
    "NotAPicture",
    "ObjectNotFound",
    "ObjectStore",
    "Palette",
    "Picture",
    "PictureTooLarge",
    "Pin",
    "PinState",
    "PreparedPhoto",
    "References",
    "StorageMisconfigured",
    "StorageUnavailable",
    "StoredObject",
    "Theme",
    "cells",
    "check_link",
    "contact_sheet",
    "decoding_memory",
    "enqueue_deletion",
    "kind_of",
    "media_type_of",
    "month_sheet",
    "pixels_of",
    "prepare",
    "prepare_photo",
    "read_upload",
    "small_png",
    "square",
    "thumbnail",
]
