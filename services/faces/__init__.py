"""Faces of personalities."""

from db.models import Face
from services.faces.cast_faces import CastFaces, cast_picture
from services.faces.errors import (
    ExpressionNameReserved,
    ExpressionNotFound,
    FaceHostFull,
    FaceRefused,
    NoCardFace,
    NoFaceHost,
    NoPicture,
    TooManyExpressions,
)
from services.faces.hosting import EMOJI_PREFIX, FaceHosting
from services.faces.moderation import FaceModeration, moderate_face
from services.faces.ports import FaceHost, HostedFace
from services.faces.queries import (
    has_faces,
    main_face_key,
    record_moderation,
    referenced_keys,
    unseen_faces,
)
from services.faces.service import MAX_EXPRESSIONS, FaceService
from services.faces.speaking import FaceChooser

__all__ = [
    "EMOJI_PREFIX",
    "MAX_EXPRESSIONS",
    "CastFaces",
    "ExpressionNameReserved",
    "ExpressionNotFound",
    "Face",
    "FaceChooser",
    "FaceHost",
    "FaceHostFull",
    "FaceHosting",
    "FaceModeration",
    "FaceRefused",
    "FaceService",
    "HostedFace",
    "NoCardFace",
    "NoFaceHost",
    "NoPicture",
    "TooManyExpressions",
    "cast_picture",
    "has_faces",
    "main_face_key",
    "moderate_face",
    "record_moderation",
    "referenced_keys",
    "unseen_faces",
]
