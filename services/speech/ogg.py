"""Opus in Ogg, the format of voice messages: its length, and cutting it (RFC 3533, RFC 7845)."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.speech.errors import UnreadableRecording

_CAPTURE, _HEADER, _RATE = b"OggS", 27, 48_000
_OPUS, _MAX_HEAD = b"OpusHead", 200
_NO_POSITION = (1 << 64) - 1


@dataclass(frozen=True)
class _Page:
    """A page: where it ends in the file, and the time at its end in seconds, if one ends there."""

    end: int
    seconds: float | None


def is_ogg(data: bytes) -> bool:
    """Whether a file says that it is Ogg."""
    return data.startswith(_CAPTURE)


def cut(data: bytes, seconds: float) -> tuple[bytes, float, bool]:
    """Return the pages of a recording up to a time, its length then, and whether any were cut off.

    Raises:
        UnreadableRecording: It is not Opus in Ogg.
    """
    head = data.find(_OPUS, 0, _MAX_HEAD)
    if not is_ogg(data) or head < 0:
        raise UnreadableRecording
    # Samples at the beginning that are not played.
    skipped = int.from_bytes(data[head + 10 : head + 12], "little")
    end, length = 0, 0.0
    for page in _pages(data, skipped):
        if page.seconds is not None and page.seconds > seconds:
            return data[:end], length, True
        end = page.end
        length = max(length, page.seconds or 0)
    if length <= 0:
        raise UnreadableRecording
    return data[:end], length, False


def _pages(data: bytes, skipped: int) -> Iterator[_Page]:
    """Return the whole pages of a file, up to the first damaged one."""
    start = 0
    while data.startswith(_CAPTURE, start) and start + _HEADER <= len(data):
        position = int.from_bytes(data[start + 6 : start + 14], "little")
        segments = start + _HEADER + data[start + 26]
        end = segments + sum(data[start + _HEADER : segments])
        if end > len(data):
            return
        yield _Page(end, None if position == _NO_POSITION else (position - skipped) / _RATE)
        start = end
