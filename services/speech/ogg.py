"""Opus in Ogg, the format of voice messages: its length, and cutting it (RFC 3533, 6716, 7845).

The positions in a file are whatever its sender has written, so the length is counted by packets.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.speech.errors import UnreadableRecording

_CAPTURE, _HEADER = b"OggS", 27
_HEAD, _TAGS, _MAX_HEAD = b"OpusHead", b"OpusTags", 200
_CONTINUED, _FULL = 1, 255
_MAX_FRAMES = 48
# Of each group of configurations, the samples of a frame (RFC 6716, 3.1), of 48,000 a second.
_RATE = 48_000
_SPEECH, _HYBRID, _MUSIC = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)
_FIRST_HYBRID, _FIRST_MUSIC = 12, 16


@dataclass(frozen=True)
class _Page:
    """A page: where it ends in the file, whose it is, and how many samples begin in it."""

    end: int
    serial: bytes
    samples: int


def is_ogg(data: bytes) -> bool:
    """Whether a file says that it is Ogg."""
    return data.startswith(_CAPTURE)


def cut(data: bytes, seconds: float) -> tuple[bytes, float, bool]:
    """Return the pages of a recording up to a time, its length then, and whether any were cut off.

    Only the first stream of a file counts.

    Raises:
        UnreadableRecording: It is not Opus in Ogg.
    """
    if not is_ogg(data) or data.find(_HEAD, 0, _MAX_HEAD) < 0:
        raise UnreadableRecording
    end, length, serial = 0, 0, data[14:18]
    for page in _pages(data):
        if page.serial != serial or length + page.samples > seconds * _RATE:
            return data[:end], length / _RATE, True
        end = page.end
        length += page.samples
    if length <= 0:
        raise UnreadableRecording
    return data[:end], length / _RATE, False


def _pages(data: bytes) -> Iterator[_Page]:
    """Return the whole pages of a file, up to the first damaged one."""
    start = 0
    while data.startswith(_CAPTURE, start) and start + _HEADER <= len(data):
        segments = start + _HEADER + data[start + 26]
        lacing = data[start + _HEADER : segments]
        end = segments + sum(lacing)
        if end > len(data):
            return
        is_continued = bool(data[start + 5] & _CONTINUED)
        packets = _packets(data, segments, lacing, is_continued=is_continued)
        yield _Page(end, data[start + 14 : start + 18], sum(map(_samples, packets)))
        start = end


def _packets(data: bytes, at: int, lacing: bytes, *, is_continued: bool) -> Iterator[bytes]:
    """Return the beginnings of the packets that begin in a page."""
    begins = not is_continued
    for size in lacing:
        if begins and size:
            yield data[at : at + len(_HEAD)]
        at += size
        begins = size < _FULL


def _samples(packet: bytes) -> int:
    """Return how many samples a packet holds, by its first bytes."""
    if packet.startswith((_HEAD, _TAGS)):
        return 0
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration >= _FIRST_MUSIC:
        frame = _MUSIC[configuration % 4]
    elif configuration >= _FIRST_HYBRID:
        frame = _HYBRID[configuration % 2]
    else:
        frame = _SPEECH[configuration % 4]
    counts = (1, 2, 2, packet[1] & 0x3F if len(packet) > 1 else 1)
    return min(counts[code], _MAX_FRAMES) * frame
