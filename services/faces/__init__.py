"""Faces of personalities."""

from services.faces.errors import FaceHostFull, FaceRefused, NoCardFace, NoFaceHost
from services.faces.judging import FaceVerdict, judge_face
from services.faces.ports import FaceHost, HostedFace
from services.faces.service import (
    FaceService,
    record_verdict,
    referenced_keys,
    unseen_face,
)

__all__ = [
    "FaceHost",
    "FaceHostFull",
    "FaceRefused",
    "FaceService",
    "FaceVerdict",
    "HostedFace",
    "NoCardFace",
    "NoFaceHost",
    "judge_face",
    "record_verdict",
    "referenced_keys",
    "unseen_face",
]
