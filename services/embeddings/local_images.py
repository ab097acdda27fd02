"""The image embedder that needs no key: colours, their layout, and the directions of edges.

It finds pictures that look similar; it does not recognise what they show.
"""

import asyncio

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from services.embeddings.errors import EmbedderFailed
from services.embeddings.ports import ImageEmbedder
from services.media import pixels_of

Pixels = npt.NDArray[np.float64]

_SIDE, _GRID = 128, 4
_HUES, _SATURATIONS, _VALUES = 8, 4, 4
_MIN_EDGE = 11 / 255
# Weights of the three parts, tuned on recoloured, cropped and noisy pictures.
_HISTOGRAM_WEIGHT, _LAYOUT_WEIGHT, _EDGES_WEIGHT = 1.0, 1.0, 1.2
# MPEG-7's filters for vertical, horizontal, 45°, 135° and non-directional edges.
_EDGE_FILTERS = np.array(
    [[1, -1, 1, -1], [1, 1, -1, -1], [2**0.5, 0, 0, -(2**0.5)], [0, 2**0.5, -(2**0.5), 0],
     [2, -2, -2, 2]]
)  # fmt: skip


class LocalImageEmbedder(ImageEmbedder):
    """256 numbers: a colour histogram, the mean colours of 4 by 4 cells, and their edges.

    The last two are MPEG-7's colour layout and edge histogram descriptors (Manjunath et al., Color
    and texture descriptors, 2001); the layout is in opponent colours, without the cosine transform.
    """

    @property
    @override
    def name(self) -> str:
        return "local/visual-256"

    @property
    @override
    def supports_text(self) -> bool:
        return False

    @property
    @override
    def price_usd(self) -> float:
        return 0

    @override
    async def embed_picture(self, picture: bytes) -> list[float]:
        return await asyncio.to_thread(_descriptor, picture)

    @override
    async def embed_text(self, text: str) -> list[float]:
        raise EmbedderFailed(self.name, "it knows no words")

    @override
    async def close(self) -> None:
        """Do nothing: no connection is open."""


def _descriptor(picture: bytes) -> list[float]:
    pixels = pixels_of(picture, _SIDE).astype(np.float64) / 255
    parts = (
        (_HISTOGRAM_WEIGHT, np.sqrt(_colour_histogram(pixels))),
        (_LAYOUT_WEIGHT, _colour_layout(pixels)),
        (_EDGES_WEIGHT, np.sqrt(_edge_histogram(pixels.mean(axis=2)))),
    )
    vector = np.concatenate([weight * _normalize(part) for weight, part in parts])
    return [float(number) for number in _normalize(vector)]


def _normalize(vector: Pixels) -> Pixels:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _colour_histogram(pixels: Pixels) -> Pixels:
    """Return the counts of pixels in 128 bins of hue, saturation and value."""
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
    bin_count = _HUES * _SATURATIONS * _VALUES
    return np.bincount(bins.ravel(), minlength=bin_count).astype(np.float64)


def _colour_layout(pixels: Pixels) -> Pixels:
    """Return the mean colours of 16 cells: lightness around its middle, red-green, blue-yellow."""
    size = _SIDE // _GRID
    cells = pixels.reshape(_GRID, size, _GRID, size, 3).mean(axis=(1, 3)).reshape(-1, 3)
    red, green, blue = cells.T
    light = cells.mean(axis=1) - 0.5
    return np.concatenate([light, (red - green) / 2, (red + green) / 4 - blue / 2])


def _edge_histogram(light: Pixels) -> Pixels:
    """Return for each of 16 cells the counts of 2 by 2 blocks with each of five kinds of edges."""
    half = light.reshape(_SIDE // 2, 2, _SIDE // 2, 2).mean(axis=(1, 3))
    blocks = half.reshape(_SIDE // 4, 2, _SIDE // 4, 2).transpose(0, 2, 1, 3)
    strengths = np.abs(blocks.reshape(_SIDE // 4, _SIDE // 4, 4) @ _EDGE_FILTERS.T)
    strongest = strengths.argmax(axis=2)
    is_edge = strengths.max(axis=2) > _MIN_EDGE * 4
    size = _SIDE // 4 // _GRID
    counts = [
        ((strongest == kind) & is_edge).reshape(_GRID, size, _GRID, size).sum(axis=(1, 3)).ravel()
        for kind in range(len(_EDGE_FILTERS))
    ]
    return np.concatenate(counts).astype(np.float64)
