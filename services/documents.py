"""The text of documents that people send: PDF, office files, and the lists of archives.

They are hostile until read, and some make a reader work for ever: each is read by a process of its
own, with limits of time and memory.
"""

import asyncio
import io
import logging
import sys
import tarfile
import zipfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath
from typing import Final
from xml.etree.ElementTree import Element, iterparse

log = logging.getLogger(__name__)

MAX_BYTES: Final = 5_000_000
MAX_TEXT: Final = 20_000  # characters
# Of processor time, of waiting for it, and of memory in bytes.
_SECONDS, _MAX_SECONDS, _MEMORY = 10, 20, 400_000_000
_MAX_PAGES, _MAX_MEMBERS, _MAX_LISTED, _MAX_XML = 200, 50, 5000, 20_000_000
_ARCHIVES = (".zip", ".jar", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# Which members of an office file hold its text.
_OFFICE = {
    ".docx": ("word/document.xml",),
    ".odt": ("content.xml",),
    ".odp": ("content.xml",),
    ".ods": ("content.xml",),
    ".pptx": ("ppt/slides/slide",),
    ".xlsx": ("xl/sharedStrings.xml", "xl/worksheets/sheet"),
}
# Elements that end a line.
_LINES = frozenset({"p", "tr", "row", "si", "br"})


def is_document(name: str) -> bool:
    """Whether a file of this name can be read."""
    return name.lower().endswith((".pdf", *_OFFICE, *_ARCHIVES))


class DocumentReader:
    """Reads documents, two at a time at most."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(2)

    async def read(self, name: str, data: bytes) -> str | None:
        """Return the text of a document, `MAX_TEXT` characters at most, or None."""
        async with self._slots:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.documents", name.lower()[-200:]),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
            )
            try:
                output, _ = await asyncio.wait_for(process.communicate(data), _MAX_SECONDS)
            except TimeoutError:
                return None
            finally:
                if process.returncode is None:
                    process.kill()
        if process.returncode:
            log.info("A document could not be read: its reader ended with %s", process.returncode)
            return None
        return output.decode("utf-8", "replace").strip() or None


def extract(name: str, data: bytes) -> str:
    """Return the text of a document in this very process."""
    if name.endswith(".pdf"):
        pieces = _pdf(data)
    elif (suffix := PurePosixPath(name).suffix) in _OFFICE:
        pieces = _office(data, _OFFICE[suffix])
    elif name.endswith((".zip", ".jar")):
        pieces = _listed([(each.filename, each.file_size) for each in _members(data)])
    else:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = [(each.name, each.size) for each in islice(archive, _MAX_LISTED)]
        pieces = _listed(members)
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > MAX_TEXT:
            return text[:MAX_TEXT] + " …"
    return text


def _pdf(data: bytes) -> Iterator[str]:
    from pypdf import PdfReader  # noqa: PLC0415 - only in the process that reads

    for page in PdfReader(io.BytesIO(data)).pages[:_MAX_PAGES]:
        yield f"{page.extract_text()}\n"


def _members(data: bytes) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.infolist()


def _listed(members: list[tuple[str, int]]) -> Iterator[str]:
    yield f"an archive of {len(members)} files:\n"
    for name, size in members[:_MAX_MEMBERS]:
        yield f"- {name} ({size:,} bytes)\n"
    if len(members) > _MAX_MEMBERS:
        yield f"- and {len(members) - _MAX_MEMBERS} more\n"


def _office(data: bytes, starts: tuple[str, ...]) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [each.filename for each in archive.infolist() if each.file_size <= _MAX_XML]
        for start in starts:
            for name in sorted((each for each in names if each.startswith(start)), key=_numbered):
                with archive.open(name) as member:
                    for _, element in iterparse(member):  # noqa: S314 - limited, see above
                        yield from _texts_of(element)
                        if element.tag.rpartition("}")[2] in _LINES:
                            element.clear()


def _numbered(name: str) -> tuple[int, str]:
    return len(name), name


def _texts_of(element: Element) -> Iterator[str]:
    """Return the text of an element that has ended; OpenDocument's paragraphs are whole."""
    namespace, _, kind = element.tag.rpartition("}")
    if "opendocument" in namespace:
        if kind in ("p", "h"):
            yield "".join(element.itertext()) + "\n"
    elif kind == "t":
        yield element.text or ""
    elif kind == "c" and element.get("t") != "s":  # a cell; shared texts are listed before
        yield "".join(element.itertext()) + "\t"
    elif kind in _LINES:
        yield "\n"


def _limit() -> None:
    """Limit this process; on systems without such limits nothing does."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not everywhere

        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    _limit()
    found = extract(sys.argv[1], sys.stdin.buffer.read())
    sys.stdout.buffer.write(found.encode("utf-8", "replace"))
