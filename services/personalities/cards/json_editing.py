"""Replacing values in a JSON document without changing any other byte."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

_SPACE = re.compile(r"[ \t\r\n\ufeff]*")  # some files start with a byte order mark
_DECODER = json.JSONDecoder()


def splice(document: str, start: int, changes: Mapping[str, Any]) -> str:
    """Set members of the object that starts at `start`.

    A mapping is merged into the existing object, if there is one.
    """
    for first, last, text in sorted(_edits(document, start, changes), reverse=True):
        document = document[:first] + text + document[last:]
    return document


def _edits(document: str, start: int, changes: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Return the edits (start, end, text) that set these members of the object at `start`."""
    spans, end = member_spans(document, start)
    edits: list[tuple[int, int, str]] = []
    added: dict[str, Any] = {}
    for field, value in changes.items():
        if field not in spans:
            added[field] = value
        elif isinstance(value, Mapping) and document[spans[field][0]] == "{":
            nested = cast("Mapping[str, Any]", value)
            edits += _edits(document, spans[field][0], nested)
        else:
            edits.append((*spans[field], to_json(value)))
    if added:
        text = to_json(added)[1:-1]
        edits.append((end, end, f", {text}" if spans else text))
    return edits


def to_json(value: Any) -> str:
    """Return a value as JSON."""
    # Lone surrogates cannot be encoded; JSON's escape for them is the same as Python's.
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()


def member_spans(document: str, start: int) -> tuple[dict[str, tuple[int, int]], int]:
    """Return the span of each member's value, and the offset of the object's `}`."""
    spans: dict[str, tuple[int, int]] = {}
    at = skip_whitespace(document, start + 1)
    while document[at] != "}":
        key, at = _DECODER.raw_decode(document, at)
        value_at = skip_whitespace(document, skip_whitespace(document, at) + 1)
        _, value_end = _DECODER.raw_decode(document, value_at)
        spans[cast("str", key)] = (value_at, value_end)
        at = skip_whitespace(document, value_end)
        if document[at] == ",":
            at = skip_whitespace(document, at + 1)
    return spans, at


def skip_whitespace(document: str, at: int) -> int:
    """Return the offset after any white space at `at`."""
    whitespace = _SPACE.match(document, at)
    return whitespace.end() if whitespace else at
