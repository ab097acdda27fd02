"""The interfaces of image models, and of the persistent state of a picture being generated."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from typing_extensions import override

from services.images.types import GeneratedImage, ImageRequest, Prediction
from services.llm import Image

T = TypeVar("T")


class ImageModel(Protocol):
    """An image model of a vendor. All methods raise `ModelError` and no other vendor errors."""

    @property
    def name(self) -> str:
        """Return the model's full name, `vendor/model`."""
        ...

    @property
    def lists_predictions(self) -> bool:
        """Whether the vendor can list the predictions that it has started."""
        ...

    async def upload(self, picture: Image) -> str:
        """Upload a picture for later requests; return its URL, or "" if the vendor keeps none."""
        ...

    async def delete_upload(self, upload_url: str) -> None:
        """Delete an uploaded picture."""
        ...

    async def start(self, request: ImageRequest) -> Prediction | GeneratedImage:
        """Start a picture; a vendor that keeps no predictions returns it at once."""
        ...

    async def find_started(self, request: ImageRequest, since: datetime) -> Sequence[Prediction]:
        """Return predictions of exactly this request since a time, the oldest first."""
        ...

    async def collect(self, prediction: Prediction) -> GeneratedImage | None:
        """Return the picture once it is done, or None until then.

        Raises:
            ModelError: It failed for good.
        """
        ...

    async def cancel(self, prediction: Prediction) -> None:
        """Cancel a prediction."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class GenerationState(Protocol):
    """The state of one picture while it is generated, which survives the process."""

    async def prediction(self) -> Prediction | None:
        """Return the picture's prediction, once it is known."""
        ...

    async def mark_requested(self) -> datetime | None:
        """Record that it is about to be requested; return when it may have been before, or None."""
        ...

    async def save_prediction(self, prediction: Prediction) -> bool:
        """Record the prediction; return False if it belongs to another picture."""
        ...

    async def clear_request(self) -> None:
        """Record that it was certainly not requested."""
        ...


class Steps(Protocol):
    """The completed steps of some work, which survive its process."""

    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        """Return a step's output: from an earlier attempt, or by running `do`."""
        ...

    async def step_output(self, name: str, shape: type[T]) -> T | None:
        """Return a step's output, if the step is done."""
        ...

    async def forget_step(self, name: str) -> None:
        """Delete a step, so that it runs again."""
        ...


class StepGenerationState(GenerationState):
    """The state of one picture as steps of a job; `name` tells the job's pictures apart."""

    def __init__(self, steps: Steps, name: str = "") -> None:
        self._steps = steps
        self._request_step = f"ordering {name}".strip()
        self._prediction_step = f"prediction {name}".strip()

    @override
    async def prediction(self) -> Prediction | None:
        prediction_id = await self._steps.step_output(self._prediction_step, str)
        return Prediction(prediction_id) if prediction_id else None

    @override
    async def mark_requested(self) -> datetime | None:
        now = datetime.now(UTC)  # real time, as the vendor's, whatever clock the job has

        async def requested_at() -> datetime:
            return now

        first = await self._steps.step(self._request_step, datetime, requested_at)
        return None if first == now else first

    @override
    async def save_prediction(self, prediction: Prediction) -> bool:
        async def prediction_id() -> str:
            return prediction.id

        await self._steps.step(self._prediction_step, str, prediction_id)
        return True

    @override
    async def clear_request(self) -> None:
        await self._steps.forget_step(self._request_step)
