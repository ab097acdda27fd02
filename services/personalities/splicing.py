"""Changing values of a JSON document, and leaving every other byte as it is."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

_SPACE = re.compile(r"[ \t\r\n\ufeff]*")  # some files begin with a byte order mark
_DECODER = json.JSONDecoder()


def splice(document: str, start: int, changes: Mapping[str, Any]) -> str:
    """Put values into the object that begins at `start`.

    A mapping among them is put into the object that is there, if one is.
    """
    for first, last, text in sorted(_edits(document, start, changes), reverse=True):
        document = document[:first] + text + document[last:]
    return document


def _edits(document: str, start: int, changes: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Return what to write where, so that the object at `start` has these values."""
    found, end = members(document, start)
    edits: list[tuple[int, int, str]] = []
    added: dict[str, Any] = {}
    for field, value in changes.items():
        if field not in found:
            added[field] = value
        elif isinstance(value, Mapping) and document[found[field][0]] == "{":
            inner = cast("Mapping[str, Any]", value)
            edits += _edits(document, found[field][0], inner)
        else:
            edits.append((*found[field], _dumped(value)))
    if added:
        text = _dumped(added)[1:-1]
        edits.append((end, end, f", {text}" if found else text))
    return edits


def _dumped(value: Any) -> str:
    # A half of a surrogate pair has no bytes, but JSON has an escape for it: the same as Python's.
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()


def members(document: str, start: int) -> tuple[dict[str, tuple[int, int]], int]:
    """Return where the value of each member of an object stands, and where its `}` does."""
    found: dict[str, tuple[int, int]] = {}
    at = skip(document, start + 1)
    while document[at] != "}":
        key, at = _DECODER.raw_decode(document, at)
        value_at = skip(document, skip(document, at) + 1)
        _, value_end = _DECODER.raw_decode(document, value_at)
        found[cast("str", key)] = (value_at, value_end)
        at = skip(document, value_end)
        if document[at] == ",":
            at = skip(document, at + 1)
    return found, at


def skip(document: str, at: int) -> int:
    """Return where the white space at a place ends."""
    found = _SPACE.match(document, at)
    return found.end() if found else at
