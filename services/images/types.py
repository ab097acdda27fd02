"""Requests to image models, and their results."""

from dataclasses import dataclass

from services.llm import Image


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """A picture to generate, after the `references`, whose URLs at the vendor are `upload_urls`.

    `aspect` is written like `1:1` or `4:5`.
    """

    prompt: str
    references: tuple[Image, ...] = ()
    upload_urls: tuple[str, ...] = ()
    aspect: str = "1:1"


@dataclass(frozen=True)
class Prediction:
    """A generation that a vendor has started, by the vendor's id."""

    id: str


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """A picture as a vendor returns it: the file, or its temporary URL."""

    data: bytes | None = None
    url: str | None = None
