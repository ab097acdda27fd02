"""What is asked of an image model, and what comes back."""

from dataclasses import dataclass

from services.llm import Image


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """A picture to paint. `like` are pictures it takes after, `lent` where the vendor has them.

    `aspect` is written like `1:1` or `4:5`.
    """

    prompt: str
    references: tuple[Image, ...] = ()
    upload_urls: tuple[str, ...] = ()
    aspect: str = "1:1"


@dataclass(frozen=True)
class Prediction:
    """That a vendor has begun to paint, and what it calls that: its prediction id."""

    id: str


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """A picture as a vendor gives it: the file, or where it is for a while."""

    data: bytes | None = None
    url: str | None = None
