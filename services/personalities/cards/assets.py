"""Pictures that cards bring along."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, cast

from services.personalities.cards import containers
from services.personalities.cards.documents import parse
from services.personalities.errors import CardTooLarge, NotACard

_MAX_ASSET, _MAX_ICONS, _MAX_EMOTIONS = 10_000_000, 4, 200
_MAIN = "main"


def face_of(document: str, file: bytes | None) -> bytes | None:
    """Return the picture of a card's character: the main icon, the first one, or the file's.

    What is at an address of the web is not fetched.
    """
    icons = _assets(document, "icon")
    for icon in sorted(icons, key=lambda each: each.get("name") != _MAIN)[:_MAX_ICONS]:
        picture = _read(str(icon.get("uri") or ""), file)
        if picture is not None:
            return picture
    return containers.picture_in(file) if file is not None else None


def expressions_of(
    document: str, file: bytes | None, *, limit: int
) -> list[tuple[str, bytes | None]]:
    """Return names and pictures of a card's emotions, the first one of each name.

    There is no picture where it cannot be read, and after `limit` of them.
    """
    found: dict[str, bytes | None] = {}
    for asset in _assets(document, "emotion")[:_MAX_EMOTIONS]:
        name = str(asset.get("name") or "").strip()
        if name and name not in found:
            is_wanted = sum(picture is not None for picture in found.values()) < limit
            found[name] = _read(str(asset.get("uri") or ""), file) if is_wanted else None
    return [*found.items()]


def _assets(document: str, kind: str) -> list[Mapping[str, Any]]:
    assets = parse(document).body.get("assets")
    return [
        cast("Mapping[str, Any]", each)
        for each in (cast("Sequence[Any]", assets) if isinstance(assets, list) else ())
        if isinstance(each, dict) and cast("Mapping[str, Any]", each).get("type") == kind
    ]


def _read(uri: str, file: bytes | None) -> bytes | None:
    """Return the picture at an address inside of a card."""
    try:
        if uri.startswith("data:"):
            data = base64.b64decode(uri.partition(",")[2], validate=True)
            return data if len(data) <= _MAX_ASSET else None
        if uri.startswith("__asset:") and file is not None:
            return containers.asset_in_png(file, uri.removeprefix("__asset:"))
        scheme, separator, path = uri.partition("://")
        if scheme in {"embeded", "embedded"} and separator and file is not None:
            with containers.open_archive(file) as archive:
                return containers.read_member(archive, path, _MAX_ASSET)
    except (CardTooLarge, NotACard, LookupError, ValueError):
        return None
    return None
