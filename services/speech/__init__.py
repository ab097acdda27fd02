"""Hearing recordings and speaking texts."""

from services.speech.errors import (
    NoSpeechModel,
    NothingToSpeak,
    NoTranscriptionModel,
    UnknownSpeechVendor,
    UnreadableRecording,
)
from services.speech.ports import AudioConverter, SpeechModel, TranscriptionModel
from services.speech.service import SpeechModels
from services.speech.types import (
    MAX_BYTES,
    MAX_SECONDS,
    MAX_SPOKEN,
    Recording,
    Speech,
    SpeechRequest,
    Transcript,
    TranscriptionRequest,
)
from services.speech.vendors import AUDIO_VENDORS

__all__ = [
    "AUDIO_VENDORS",
    "MAX_BYTES",
    "MAX_SECONDS",
    "MAX_SPOKEN",
    "AudioConverter",
    "NoSpeechModel",
    "NoTranscriptionModel",
    "NothingToSpeak",
    "Recording",
    "Speech",
    "SpeechModel",
    "SpeechModels",
    "SpeechRequest",
    "Transcript",
    "TranscriptionModel",
    "TranscriptionRequest",
    "UnknownSpeechVendor",
    "UnreadableRecording",
]
