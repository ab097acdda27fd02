"""Errors of image generation, beyond those of any model call in `services.llm`."""

from dataclasses import dataclass

from services.errors import DomainError
from services.llm import ModelError


@dataclass(eq=False)
class NoImageModel(DomainError):
    """No image model is configured."""


@dataclass(eq=False)
class ImageGenerationFailed(ModelError):
    """The model did not finish a picture; `detail` is the vendor's reason or ours."""

    model: str
    detail: str


@dataclass(eq=False)
class ImageGenerationLost(ModelError):
    """The picture may have been generated and paid for, but it cannot be located."""

    model: str
