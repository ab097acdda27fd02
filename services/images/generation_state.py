"""An easel whose state is steps of the work that the picture is for."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from typing_extensions import override

from services.images.ports import GenerationState
from services.images.types import Prediction

T = TypeVar("T")


class Steps(Protocol):
    """What some work has done so far, kept wherever its process dies."""

    async def step(self, name: str, shape: type[T], do: Callable[[], Awaitable[T]]) -> T:
        """Return what a step gives: from an earlier attempt, else by doing it."""
        ...

    async def step_output(self, name: str, shape: type[T]) -> T | None:
        """Return what a step has given, if it was done."""
        ...

    async def forget_step(self, name: str) -> None:
        """Let a step be done anew."""
        ...


class StepGenerationState(GenerationState):
    """What is known of one picture, among the steps of the work; `name` tells it from others."""

    def __init__(self, steps: Steps, name: str = "") -> None:
        self._steps = steps
        self._ordering = f"ordering {name}".strip()
        self._prediction = f"prediction {name}".strip()

    @override
    async def prediction(self) -> Prediction | None:
        kept = await self._steps.step_output(self._prediction, str)
        return Prediction(kept) if kept else None

    @override
    async def mark_requested(self) -> datetime | None:
        now = datetime.now(UTC)  # the vendor's time is everyone's, whatever clock the work has

        async def this_one() -> datetime:
            return now

        first = await self._steps.step(self._ordering, datetime, this_one)
        return None if first == now else first

    @override
    async def save_prediction(self, begun: Prediction) -> bool:
        async def this_one() -> str:
            return begun.id

        await self._steps.step(self._prediction, str, this_one)
        return True

    @override
    async def clear_request(self) -> None:
        await self._steps.forget_step(self._ordering)
