"""Files and pictures: where they are kept, how they come in, what is done to them on the way."""

from services.media.errors import (
    FileGone,
    FileTooLarge,
    FileUnreachable,
    ForeignHost,
    LinkUnreachable,
    NoPublicAddress,
    NotAPicture,
    ObjectGone,
    PictureTooLarge,
    StorageMisconfigured,
    StorageUnavailable,
)
from services.media.fetching import VENDOR_HOSTS, Fetcher, check_link
from services.media.folder import ROUTE, FolderStore
from services.media.photographs import Photograph, photograph
from services.media.pictures import (
    JPEG,
    MOST_BYTES,
    MOST_MEMORY,
    Picture,
    kind_of,
    memory_of,
    pixels_of,
    prepare,
    thumbnail,
)
from services.media.ports import ObjectStore, Stored
from services.media.room import Room
from services.media.sheets import DRAWN, Mood, Pinned, month_sheet, sheet
from services.media.sweep import DeleteHandler, Sweeper, SweepHandler, promise_deletion

__all__ = [
    "DRAWN",
    "JPEG",
    "MOST_BYTES",
    "MOST_MEMORY",
    "ROUTE",
    "VENDOR_HOSTS",
    "DeleteHandler",
    "Fetcher",
    "FileGone",
    "FileTooLarge",
    "FileUnreachable",
    "FolderStore",
    "ForeignHost",
    "LinkUnreachable",
    "Mood",
    "NoPublicAddress",
    "NotAPicture",
    "ObjectGone",
    "ObjectStore",
    "Photograph",
    "Picture",
    "PictureTooLarge",
    "Pinned",
    "Room",
    "StorageMisconfigured",
    "StorageUnavailable",
    "Stored",
    "SweepHandler",
    "Sweeper",
    "check_link",
    "kind_of",
    "memory_of",
    "month_sheet",
    "photograph",
    "pixels_of",
    "prepare",
    "promise_deletion",
    "sheet",
    "thumbnail",
]
