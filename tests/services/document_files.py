"""Documents and archives, as small as they can be."""

import io
import tarfile
import zipfile
from collections.abc import Mapping

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    """Return a compressed tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def docx(*paragraphs: str) -> bytes:
    """Return a document of Word."""
    body = "".join(f"<w:p><w:r><w:t>{each}</w:t></w:r></w:p>" for each in paragraphs)
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    return zipped({"word/document.xml": document.encode()})


def odt(text: str) -> bytes:
    """Return an OpenDocument text."""
    namespaces = f'xmlns:office="{_ODF}:office:1.0" xmlns:text="{_ODF}:text:1.0"'
    document = f"<office:body {namespaces}><text:p>{text}</text:p></office:body>"
    return zipped({"content.xml": document.encode()})


def xlsx(shared: str, number: str) -> bytes:
    """Return a sheet with a shared text and a number."""
    strings = f'<sst xmlns="{_SHEET}"><si><t>{shared}</t></si></sst>'
    cells = f'<c t="s"><v>0</v></c><c><v>{number}</v></c>'
    sheet = f'<worksheet xmlns="{_SHEET}"><row>{cells}</row></worksheet>'
    members = {"xl/sharedStrings.xml": strings, "xl/worksheets/sheet1.xml": sheet}
    return zipped({name: text.encode() for name, text in members.items()})


def pdf(text: str) -> bytes:
    """Return a PDF of one page with a line of text."""
    content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", list[int]()
    for number, each in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (6, len(body))
    return body + b"xref\n0 6\n0000000000 65535 f \n" + table + end
