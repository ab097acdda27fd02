"""Sources of photos: folders, archives and attachments. Their content is not trusted."""

import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from services.errors import DomainError
from services.media import MAX_BYTES, FileTooLarge, NotAPicture, kind_of, media_type_of
from services.photos.errors import (
    ArchiveBroken,
    ArchiveTooLarge,
    FileUnreadable,
    FolderEmpty,
    NoSuchFolder,
)
from services.photos.types import PhotoSource
from services.texts import on_one_line, shorten

MAX_FILES = 1000
MAX_ARCHIVE_BYTES = 50_000_000
_MAX_UNPACKED_BYTES = 2_000_000_000
_MAX_ENTRIES = 10 * MAX_FILES
_MAX_NAME, _HEAD_BYTES = 120, 16
_ENCRYPTED = 0x1
_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "picasa.ini"})
# Data about photos, by Google Takeout, Apple, Adobe, cameras.
_SIDECAR_SUFFIXES = frozenset({".json", ".aae", ".xmp", ".thm", ".pp3", ".dop", ".html", ".ctg"})
_DECOMPRESSION_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError),
    *(RuntimeError, MemoryError),
)


def folder_sources(path: Path) -> list[PhotoSource]:
    """Return all files below a folder by name; symbolic links to folders are not followed.

    Raises:
        FolderEmpty: It has no files.
        NoSuchFolder: It does not exist.
    """
    if not path.is_dir():
        raise NoSuchFolder(str(path))
    sources = [*_walk(path)]
    if not sources:
        raise FolderEmpty(str(path))
    return sorted(sources, key=lambda each: each.name)


def archive_sources(name: str, data: bytes) -> list[PhotoSource]:
    """Return the files in a zip archive by name.

    Raises:
        ArchiveBroken: It is not a zip archive, or cannot be read.
        ArchiveTooLarge: It has too many files or too many bytes.
        FolderEmpty: It has no files.
    """
    # `ZipFile` reads the whole directory, whatever length the archive declares.
    if data.count(b"PK\x01\x02") > _MAX_ENTRIES:
        raise ArchiveTooLarge(name, MAX_FILES, _MAX_UNPACKED_BYTES // 1_000_000)
    try:
        zip_file = zipfile.ZipFile(io.BytesIO(data))
        entries = [each for each in zip_file.infolist() if not each.filename.endswith("/")]
    # NotImplementedError: Python does not support the archive's version or kind.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise ArchiveBroken(name) from error
    entries = [each for each in entries if not _is_hidden(PurePosixPath(each.filename))]
    if len(entries) > MAX_FILES or sum(each.file_size for each in entries) > _MAX_UNPACKED_BYTES:
        raise ArchiveTooLarge(name, MAX_FILES, _MAX_UNPACKED_BYTES // 1_000_000)
    if not entries:
        raise FolderEmpty(name)
    sources = [_entry_source(zip_file, each) for each in entries]
    return sorted(sources, key=lambda each: each.name)


def file_source(name: str, data: bytes) -> PhotoSource:
    """Return a file that is in memory."""
    return PhotoSource(name=_display_name(name), read=lambda: data)


def unreadable_source(name: str, reason: DomainError) -> PhotoSource:
    """Return a source that raises the reason when it is read."""

    def read() -> bytes:
        raise reason

    return PhotoSource(name=_display_name(name), read=read)


def is_archive(data: bytes) -> bool:
    """Whether a file begins like a zip archive."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def _walk(path: Path) -> Iterator[PhotoSource]:
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(path, onerror=unreadable.append):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for name in files:
            if not _is_hidden(PurePosixPath(name)):
                yield _disk_source(path, Path(parent) / name)
    for error in unreadable:
        location = Path(str(error.filename))
        display_name = _display_name(
            str(location.relative_to(path)) if location != path else str(location)
        )
        yield unreadable_source(
            display_name, FileUnreadable(display_name, error.strerror or "it cannot be read")
        )


def _disk_source(root: Path, path: Path) -> PhotoSource:
    name = _display_name(path.relative_to(root).as_posix())

    def read() -> bytes:
        try:
            if not path.is_file():
                raise FileUnreadable(name, "it is no file")
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise FileTooLarge(name, MAX_BYTES)
            with path.open("rb") as opened:
                head = opened.read(_HEAD_BYTES)
                if media_type_of(head) is None:
                    raise NotAPicture(name, kind_of(head))
                return head + opened.read(MAX_BYTES)
        except OSError as error:
            raise FileUnreadable(name, error.strerror or "it cannot be read") from error

    return PhotoSource(name=name, read=read)


def _entry_source(zip_file: zipfile.ZipFile, entry: zipfile.ZipInfo) -> PhotoSource:
    name = _display_name(entry.filename)

    def read() -> bytes:
        if entry.flag_bits & _ENCRYPTED:
            raise FileUnreadable(name, "it has a password")
        if entry.file_size > MAX_BYTES:
            raise FileTooLarge(name, MAX_BYTES)
        try:
            with zip_file.open(entry) as opened:
                # The declared size of an entry may be wrong.
                data = opened.read(MAX_BYTES + 1)
        # Each decompressor fails on broken data with exceptions of its own.
        except _DECOMPRESSION_ERRORS as error:
            raise FileUnreadable(name, "the archive is broken there") from error
        if len(data) > MAX_BYTES:
            raise FileTooLarge(name, MAX_BYTES)
        return data

    return PhotoSource(name=name, read=read)


def _is_hidden(path: PurePosixPath) -> bool:
    """Whether a path is of the system, or a sidecar that programs write beside a photo."""
    return (
        any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in path.parts)
        or path.name.lower() in _SYSTEM_FILES
        or path.suffix.lower() in _SIDECAR_SUFFIXES
    )


def _display_name(name: str) -> str:
    """Return a name that can be shown and stored; file systems and archives allow any bytes."""
    readable = name.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return shorten(on_one_line(readable), _MAX_NAME) or "a file without a name"
