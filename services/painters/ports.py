"""What a vendor of pictures must be able to do, and what is known of a picture being painted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.llm import Image
from services.painters.types import Begun, Order, Painting


class Painter(Protocol):
    """A vendor of image models. All methods raise `ModelError` and nothing else of their own."""

    @property
    def name(self) -> str:
        """Return the model's full name, `vendor/model`."""
        ...

    @property
    def remembers(self) -> bool:
        """Whether the vendor can be asked what it has begun."""
        ...

    async def lend(self, picture: Image) -> str:
        """Give the vendor a picture for orders to come; return where it has it, if anywhere."""
        ...

    async def take_back(self, lent: str) -> None:
        """Have the vendor delete what was lent."""
        ...

    async def begin(self, order: Order) -> Begun | Painting:
        """Have a picture begun; a vendor that does not remember paints it at once."""
        ...

    async def begun(self, order: Order, since: datetime) -> Sequence[Begun]:
        """Return what was begun by this very order since then, the oldest first."""
        ...

    async def collect(self, begun: Begun) -> Painting | None:
        """Return a picture that is done, or None while it is not.

        Raises:
            ModelError: It will never be.
        """
        ...

    async def cancel(self, begun: Begun) -> None:
        """Have a picture begun no longer painted."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Easel(Protocol):
    """What is kept of one picture while it is painted, whatever becomes of the process."""

    async def begun(self) -> Begun | None:
        """Return what the vendor has begun for it, once that is known."""
        ...

    async def ordering(self) -> datetime | None:
        """Write down that it is about to be ordered; return since when it may have been before."""
        ...

    async def ordered(self, begun: Begun) -> bool:
        """Write down what the vendor has begun; False if that is another picture's."""
        ...

    async def not_ordered(self) -> None:
        """Write down that it was surely not ordered after all."""
        ...
