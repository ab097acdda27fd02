"""Pictures of personalities: in the style that their makers chose, with their faces."""

from services.pictures.drawing import MAX_SUBJECT, PictureDrawer, draw
from services.pictures.errors import NoFaceToDraw, NoPicturesIncognito, PicturesForbidden
from services.pictures.ports import PictureAdapter
from services.pictures.sending import PictureHandler, request_picture
from services.pictures.service import PICTURE_CUE, PictureService
from services.pictures.tool import SendPictureTool

__all__ = [
    "MAX_SUBJECT",
    "PICTURE_CUE",
    "NoFaceToDraw",
    "NoPicturesIncognito",
    "PictureAdapter",
    "PictureDrawer",
    "PictureHandler",
    "PictureService",
    "PicturesForbidden",
    "SendPictureTool",
    "draw",
    "request_picture",
]
