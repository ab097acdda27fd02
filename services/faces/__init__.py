"""Faces of personalities."""

from db.models import Face
from services.faces.cast_faces import CastFaces
from services.faces.errors import (
    ExpressionNotFound,
    FaceHostFull,
    FaceRefused,
    NoCardFace,
    NoFaceHost,
    NoPicture,
    TooManyExpressions,
)
from services.faces.hosting import EMOJI_PREFIX, FaceHosting
from services.faces.judging import FaceVerdict, judge_face
from services.faces.ports import FaceHost, HostedFace
from services.faces.queries import main_face_key, record_verdict, referenced_keys, unseen_faces
from services.faces.service import MAX_EXPRESSIONS, FaceService
from services.faces.speaking import FaceChooser

__all__ = [
    "EMOJI_PREFIX",
    "MAX_EXPRESSIONS",
    "CastFaces",
    "ExpressionNotFound",
    "Face",
    "FaceChooser",
    "FaceHost",
    "FaceHostFull",
    "FaceHosting",
    "FaceRefused",
    "FaceService",
    "FaceVerdict",
    "HostedFace",
    "NoCardFace",
    "NoFaceHost",
    "NoPicture",
    "TooManyExpressions",
    "judge_face",
    "main_face_key",
    "record_verdict",
    "referenced_keys",
    "unseen_faces",
]
