"""Image models: one module a vendor, asked through `ImageModels`, which pays for nothing twice."""

from services.painters.easels import StepEasel
from services.painters.errors import NoImageModel, PaintingFailed, PaintingLost
from services.painters.ports import Easel, Painter
from services.painters.service import ImageModels
from services.painters.studio import Kept, Studio
from services.painters.types import Begun, Order, Painting

__all__ = [
    "Begun",
    "Easel",
    "ImageModels",
    "Kept",
    "NoImageModel",
    "Order",
    "Painter",
    "Painting",
    "PaintingFailed",
    "PaintingLost",
    "StepEasel",
    "Studio",
]
