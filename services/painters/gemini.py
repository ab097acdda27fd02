"""Google's Gemini, asked for pictures: it paints while we wait, and does not remember."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from services.llm import Image
from services.llm.gemini import VENDOR, Gemini
from services.painters.errors import PaintingFailed
from services.painters.ports import Painter
from services.painters.types import Begun, Order, Painting


class GeminiPainter(Painter):
    """One image model of Gemini's; pictures come back in the answer itself."""

    def __init__(self, gemini: Gemini, model: str) -> None:
        self._gemini = gemini
        self._model = model

    @property
    @override
    def name(self) -> str:
        return f"{VENDOR}/{self._model}"

    @property
    @override
    def remembers(self) -> bool:
        return False

    @override
    async def lend(self, picture: Image) -> str:
        return ""  # it goes with each order

    @override
    async def take_back(self, lent: str) -> None:
        """Nothing was left there."""

    @override
    async def begin(self, order: Order) -> Painting:
        data = await self._gemini.picture(
            self._model, order.prompt, like=order.like, aspect=order.aspect
        )
        if data is None:
            raise PaintingFailed(self.name, "it ended without a picture")
        return Painting(data=data)

    @override
    async def begun(self, order: Order, since: datetime) -> Sequence[Begun]:
        return ()

    @override
    async def collect(self, begun: Begun) -> Painting | None:
        raise PaintingFailed(self.name, "it was begun with another vendor")

    @override
    async def cancel(self, begun: Begun) -> None:
        """There is nothing that goes on."""

    @override
    async def close(self) -> None:
        await self._gemini.close()
