"""Where photos come from: folders, archives, attachments. What is in them is hostile until read."""

import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from services.errors import DomainError
from services.media import MAX_BYTES, FileTooLarge, NotAPicture, media_type_of
from services.photos.errors import (
    ArchiveBroken,
    ArchiveTooLarge,
    FileUnreadable,
    FolderEmpty,
    NoSuchFolder,
)
from services.photos.types import PhotoSource
from services.texts import on_one_line, shorten

MOST_FILES = 1000
MOST_ARCHIVE_BYTES = 50_000_000
_MOST_UNPACKED = 2_000_000_000
_MOST_LISTED = 10 * MOST_FILES
_NAME, _HEAD = 120, 16
_ENCRYPTED = 0x1
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError),
    *(RuntimeError, MemoryError),
)


def folder(path: Path) -> list[PhotoSource]:
    """Return all files below a folder, by name; links to folders are not followed.

    Raises:
        FolderEmpty: There are none.
        NoSuchFolder: There is no such folder.
    """
    if not path.is_dir():
        raise NoSuchFolder(str(path))
    found = [*_walked(path)]
    if not found:
        raise FolderEmpty(str(path))
    return sorted(found, key=lambda each: each.name)


def archive(name: str, data: bytes) -> list[PhotoSource]:
    """Return the files in a zip archive, by name.

    Raises:
        ArchiveBroken: It is none, or cannot be read.
        ArchiveTooLarge: There is too much in it.
        FolderEmpty: There is nothing in it.
    """
    # A list of files is read whole, whatever it says of its length.
    if data.count(b"PK\x01\x02") > _MOST_LISTED:
        raise ArchiveTooLarge(name, MOST_FILES, _MOST_UNPACKED // 1_000_000)
    try:
        packed = zipfile.ZipFile(io.BytesIO(data))
        entries = [each for each in packed.infolist() if not each.filename.endswith("/")]
    # The third says that the archive is of a version or kind that Python does not read.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise ArchiveBroken(name) from error
    entries = [each for each in entries if not _is_hidden(PurePosixPath(each.filename))]
    if len(entries) > MOST_FILES or sum(each.file_size for each in entries) > _MOST_UNPACKED:
        raise ArchiveTooLarge(name, MOST_FILES, _MOST_UNPACKED // 1_000_000)
    if not entries:
        raise FolderEmpty(name)
    found = [_packed(packed, each) for each in entries]
    return sorted(found, key=lambda each: each.name)


def file(name: str, data: bytes) -> PhotoSource:
    """Return a file that is here already."""
    return PhotoSource(name=_shown(name), read=lambda: data)


def refused(name: str, reason: DomainError) -> PhotoSource:
    """Return a file that cannot be had, and says why."""

    def read() -> bytes:
        raise reason

    return PhotoSource(name=_shown(name), read=read)


def is_archive(data: bytes) -> bool:
    """Whether a file begins like a zip archive."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def _walked(path: Path) -> Iterator[PhotoSource]:
    unreadable: list[OSError] = []
    for at, folders, files in os.walk(path, onerror=unreadable.append):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for name in files:
            if not name.startswith("."):
                yield _on_disk(path, Path(at) / name)
    for error in unreadable:
        where = Path(str(error.filename))
        shown = _shown(str(where.relative_to(path)) if where != path else str(where))
        yield refused(shown, FileUnreadable(shown, error.strerror or "it cannot be read"))


def _on_disk(root: Path, path: Path) -> PhotoSource:
    name = _shown(path.relative_to(root).as_posix())

    def read() -> bytes:
        try:
            if not path.is_file():
                raise FileUnreadable(name, "it is no file")
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise FileTooLarge(name, MAX_BYTES)
            with path.open("rb") as opened:
                head = opened.read(_HEAD)
                if media_type_of(head) is None:
                    raise NotAPicture(name)
                return head + opened.read(MAX_BYTES)
        except OSError as error:
            raise FileUnreadable(name, error.strerror or "it cannot be read") from error

    return PhotoSource(name=name, read=read)


def _packed(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> PhotoSource:
    name = _shown(entry.filename)

    def read() -> bytes:
        if entry.flag_bits & _ENCRYPTED:
            raise FileUnreadable(name, "it has a password")
        if entry.file_size > MAX_BYTES:
            raise FileTooLarge(name, MAX_BYTES)
        try:
            with packed.open(entry) as opened:
                # What an entry says of its size need not be so.
                data = opened.read(MAX_BYTES + 1)
        # Decompressors trip over broken data in as many ways as there are of them.
        except _BROKEN as error:
            raise FileUnreadable(name, "the archive is broken there") from error
        if len(data) > MAX_BYTES:
            raise FileTooLarge(name, MAX_BYTES)
        return data

    return PhotoSource(name=name, read=read)


def _is_hidden(path: PurePosixPath) -> bool:
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in path.parts)


def _shown(name: str) -> str:
    """Return a name that can be shown and kept; file systems and archives take any bytes."""
    readable = name.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return shorten(on_one_line(readable), _NAME) or "a file without a name"
