"""Pictures of personalities: in the style that their makers chose, with their faces."""

from services.pictures.drawing import MAX_SUBJECT, MemorySteps, PictureDrawer, draw
from services.pictures.errors import NoFaceToDraw, PicturesForbidden
from services.pictures.tool import SendPictureTool

__all__ = [
    "MAX_SUBJECT",
    "MemorySteps",
    "NoFaceToDraw",
    "PictureDrawer",
    "PicturesForbidden",
    "SendPictureTool",
    "draw",
]
