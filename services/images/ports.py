"""What a vendor of pictures must be able to do, and what is known of a picture being painted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.images.types import GeneratedImage, ImageRequest, Prediction
from services.llm import Image


class ImageModel(Protocol):
    """A vendor of image models. All methods raise `ModelError` and nothing else of their own."""

    @property
    def name(self) -> str:
        """Return the model's full name, `vendor/model`."""
        ...

    @property
    def lists_predictions(self) -> bool:
        """Whether the vendor can be asked what it has begun."""
        ...

    async def upload(self, picture: Image) -> str:
        """Give the vendor a picture for orders to come; return where it has it, if anywhere."""
        ...

    async def delete_upload(self, lent: str) -> None:
        """Have the vendor delete what was lent."""
        ...

    async def start(self, order: ImageRequest) -> Prediction | GeneratedImage:
        """Have a picture begun; a vendor that does not remember paints it at once."""
        ...

    async def find_started(self, order: ImageRequest, since: datetime) -> Sequence[Prediction]:
        """Return what was begun by this very order since then, the oldest first."""
        ...

    async def collect(self, begun: Prediction) -> GeneratedImage | None:
        """Return a picture that is done, or None while it is not.

        Raises:
            ModelError: It will never be.
        """
        ...

    async def cancel(self, begun: Prediction) -> None:
        """Have a picture begun no longer painted."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class GenerationState(Protocol):
    """What is kept of one picture while it is painted, whatever becomes of the process."""

    async def prediction(self) -> Prediction | None:
        """Return what the vendor has begun for it, once that is known."""
        ...

    async def mark_requested(self) -> datetime | None:
        """Write down that it is about to be ordered; return since when it may have been before."""
        ...

    async def save_prediction(self, begun: Prediction) -> bool:
        """Write down what the vendor has begun; False if that is another picture's."""
        ...

    async def clear_request(self) -> None:
        """Write down that it was surely not ordered after all."""
        ...
