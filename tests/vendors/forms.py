"""Forms with files as the stand-ins read them."""

from dataclasses import dataclass

from aiohttp import BodyPartReader, hdrs, web


@dataclass(frozen=True)
class Field:
    content: bytes
    filename: str | None
    content_type: str | None


async def read_form(request: web.Request) -> dict[str, Field]:
    """The fields by their names, held in memory.

    `request.post()` would leave a temporary file open where the client goes away in the middle.
    """
    fields: dict[str, Field] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        assert part.name is not None
        content = bytes(await part.read())
        fields[part.name] = Field(content, part.filename, part.headers.get(hdrs.CONTENT_TYPE))
    return fields
