"""Faces of personalities."""

from services.faces.errors import FaceHostFull, NoCardFace, NoFaceHost
from services.faces.ports import FaceHost, HostedFace
from services.faces.service import FaceService, referenced_keys

__all__ = [
    "FaceHost",
    "FaceHostFull",
    "FaceService",
    "HostedFace",
    "NoCardFace",
    "NoFaceHost",
    "referenced_keys",
]
