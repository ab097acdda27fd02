"""Files and pictures: where they are kept, how they come in, what is done to them on the way."""

from services.media.errors import (
    FileGone,
    FileTooLarge,
    FileUnreachable,
    ForeignHost,
    NoPublicAddress,
    NotAPicture,
    ObjectGone,
    PictureTooLarge,
    StorageMisconfigured,
    StorageUnavailable,
)
from services.media.fetching import VENDOR_HOSTS, Fetcher
from services.media.folder import ROUTE, FolderStore
from services.media.pictures import JPEG, MOST_BYTES, Picture, kind_of, prepare, sheet, thumbnail
from services.media.ports import ObjectStore, Stored
from services.media.sweep import Sweeper, SweepHandler

__all__ = [
    "JPEG",
    "MOST_BYTES",
    "ROUTE",
    "VENDOR_HOSTS",
    "Fetcher",
    "FileGone",
    "FileTooLarge",
    "FileUnreachable",
    "FolderStore",
    "ForeignHost",
    "NoPublicAddress",
    "NotAPicture",
    "ObjectGone",
    "ObjectStore",
    "Picture",
    "PictureTooLarge",
    "StorageMisconfigured",
    "StorageUnavailable",
    "Stored",
    "SweepHandler",
    "Sweeper",
    "kind_of",
    "prepare",
    "sheet",
    "thumbnail",
]
