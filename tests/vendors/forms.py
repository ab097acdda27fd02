"""Multipart forms, as the stand-ins read them."""

from dataclasses import dataclass

from aiohttp import BodyPartReader, hdrs, web


@dataclass(frozen=True)
class Field:
    content: bytes
    filename: str | None
    content_type: str | None


async def read_form(request: web.Request) -> dict[str, Field]:
    """Return the fields of a form by name, held in memory.

    `request.post()` would leave a temporary file open when the client disconnects.
    """
    fields: dict[str, Field] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        assert part.name is not None
        content = bytes(await part.read())
        fields[part.name] = Field(content, part.filename, part.headers.get(hdrs.CONTENT_TYPE))
    return fields
