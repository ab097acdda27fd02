"""Pictures that were uploaded by a link, before something is made of them."""

import re

from services.media.errors import FileNotFound, ObjectNotFound
from services.media.ports import ObjectStore

_KEY = re.compile(r"uploads/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[a-z]{3,4}")


async def read_upload(store: ObjectStore, key: str) -> bytes:
    """Return an uploaded picture. Its key is known only to whoever uploaded it.

    Raises:
        FileNotFound: There is none, or not any more.
        StorageUnavailable, StorageMisconfigured: The storage failed.
    """
    if not _KEY.fullmatch(key):
        raise FileNotFound(key)
    try:
        return await store.get(key)
    except ObjectNotFound as error:
        raise FileNotFound(key) from error
