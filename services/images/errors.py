"""How painting can fail beyond what asking any model can: `services.llm` has those errors."""

from dataclasses import dataclass

from services.errors import DomainError
from services.llm import ModelError


@dataclass(eq=False)
class NoImageModel(DomainError):
    """There is no model for images: nobody has set a key for one."""


@dataclass(eq=False)
class ImageGenerationFailed(ModelError):
    """The model began a picture and did not end it; `detail` is the vendor's sentence, or ours."""

    model: str
    detail: str


@dataclass(eq=False)
class ImageGenerationLost(ModelError):
    """The picture may have been painted and paid for, but nobody can say where it is."""

    model: str
