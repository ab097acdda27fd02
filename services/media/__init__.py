"""Files and pictures: where they are kept, how they come in, what is done to them on the way."""

from services.media.errors import (
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
    DeleteHandler,
    GarbageCollectionHandler,
    GarbageCollector,
    enqueue_deletion,
)
from services.media.memory_limit import MemoryLimiter
from services.media.photo_files import PreparedPhoto, prepare_photo
from services.media.pictures import (
    JPEG,
    MAX_BYTES,
    MAX_MEMORY,
    Picture,
    kind_of,
    memory_of,
    pixels_of,
    prepare,
    thumbnail,
)
from services.media.ports import ObjectStore, Stored
from services.media.sheets import DRAWN, Pinned, PinState, month_sheet, sheet

__all__ = [
    "DRAWN",
    "JPEG",
    "MAX_BYTES",
    "MAX_MEMORY",
    "ROUTE",
    "VENDOR_HOSTS",
    "DeleteHandler",
    "Fetcher",
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
    "Picture",
    "PictureTooLarge",
    "PinState",
    "Pinned",
    "PreparedPhoto",
    "StorageMisconfigured",
    "StorageUnavailable",
    "Stored",
    "check_link",
    "enqueue_deletion",
    "kind_of",
    "memory_of",
    "month_sheet",
    "pixels_of",
    "prepare",
    "prepare_photo",
    "sheet",
    "thumbnail",
]
