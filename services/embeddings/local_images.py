"""The image embedder that needs no key: colours, where they are, and which way edges run.

It knows pictures that look alike, not what is in them.
"""

import asyncio

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from services.embeddings.errors import EmbedderFailed
from services.embeddings.ports import ImageEmbedder
from services.media import pixels_of

Pixels = npt.NDArray[np.float64]

_SIDE, _CELLS = 128, 4
_HUES, _SATURATIONS, _VALUES = 8, 4, 4
_LEAST_EDGE = 11 / 255
# How much the three parts count, found by trying on recoloured, cropped and noisy pictures.
_COLOURS, _LAYOUT, _EDGES = 1.0, 1.0, 1.2
# MPEG-7's filters for vertical, horizontal, 45° and 135° edges, and those without a direction.
_FILTERS = np.array(
    [[1, -1, 1, -1], [1, 1, -1, -1], [2**0.5, 0, 0, -(2**0.5)], [0, 2**0.5, -(2**0.5), 0],
     [2, -2, -2, 2]]
)  # fmt: skip


class LocalImageEmbedder(ImageEmbedder):
    """256 numbers: a histogram of colours, the colours of 4 by 4 cells, and their edges.

    The last two are MPEG-7's colour layout and edge histogram descriptors (Manjunath et al., Color
    and texture descriptors, 2001), the layout in opponent colours and without its cosines.
    """

    @property
    @override
    def name(self) -> str:
        return "local/visual-256"

    @property
    @override
    def knows_text(self) -> bool:
        return False

    @override
    async def embed_picture(self, picture: bytes) -> list[float]:
        return await asyncio.to_thread(_described, picture)

    @override
    async def embed_words(self, words: str) -> list[float]:
        raise EmbedderFailed(self.name, "it knows no words")

    @override
    async def close(self) -> None:
        """There is nothing to let go of."""


def _described(picture: bytes) -> list[float]:
    pixels = pixels_of(picture, _SIDE).astype(np.float64) / 255
    parts = (
        (_COLOURS, np.sqrt(_colours(pixels))),
        (_LAYOUT, _layout(pixels)),
        (_EDGES, np.sqrt(_edges(pixels.mean(axis=2)))),
    )
    vector = np.concatenate([weight * _unit(part) for weight, part in parts])
    return [float(number) for number in _unit(vector)]


def _unit(vector: Pixels) -> Pixels:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _colours(pixels: Pixels) -> Pixels:
    """Return how much there is of each of 128 colours, by hue, saturation and value."""
    value, low = pixels.max(axis=2), pixels.min(axis=2)
    chroma = value - low
    red, green, blue = (pixels[..., channel] for channel in range(3))
    safe = np.maximum(chroma, 1e-9)
    hue = np.select(
        [value == red, value == green],
        [((green - blue) / safe) % 6, (blue - red) / safe + 2],
        (red - green) / safe + 4,
    )
    saturation = np.where(value > 0, chroma / np.maximum(value, 1e-9), 0)
    bins = (
        np.minimum(hue / 6 * _HUES, _HUES - 1).astype(int) * _SATURATIONS
        + np.minimum(saturation * _SATURATIONS, _SATURATIONS - 1).astype(int)
    ) * _VALUES + np.minimum(value * _VALUES, _VALUES - 1).astype(int)
    most = _HUES * _SATURATIONS * _VALUES
    return np.bincount(bins.ravel(), minlength=most).astype(np.float64)


def _layout(pixels: Pixels) -> Pixels:
    """Return 16 cells' mean colours against the middle of all: light, red-green, blue-yellow."""
    size = _SIDE // _CELLS
    cells = pixels.reshape(_CELLS, size, _CELLS, size, 3).mean(axis=(1, 3)).reshape(-1, 3)
    red, green, blue = cells.T
    light = cells.mean(axis=1) - 0.5
    return np.concatenate([light, (red - green) / 2, (red + green) / 4 - blue / 2])


def _edges(light: Pixels) -> Pixels:
    """Return of 16 cells how many 2 by 2 blocks hold each of five kinds of edges."""
    half = light.reshape(_SIDE // 2, 2, _SIDE // 2, 2).mean(axis=(1, 3))
    blocks = half.reshape(_SIDE // 4, 2, _SIDE // 4, 2).transpose(0, 2, 1, 3)
    strengths = np.abs(blocks.reshape(_SIDE // 4, _SIDE // 4, 4) @ _FILTERS.T)
    strongest = strengths.argmax(axis=2)
    is_edge = strengths.max(axis=2) > _LEAST_EDGE * 4
    size = _SIDE // 4 // _CELLS
    counts = [
        ((strongest == kind) & is_edge).reshape(_CELLS, size, _CELLS, size).sum(axis=(1, 3)).ravel()
        for kind in range(len(_FILTERS))
    ]
    return np.concatenate(counts).astype(np.float64)
