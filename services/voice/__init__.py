"""Voice messages that personalities hear, and answers that they speak."""

from services.voice.errors import Unheard, VoiceMessageUnheard
from services.voice.ports import VoiceAdapter
from services.voice.service import VoiceOptions, VoiceService
from services.voice.speaking import (
    SpokenAnswerHandler,
    VoiceTester,
    enqueue_speech,
)

__all__ = [
    "SpokenAnswerHandler",
    "Unheard",
    "VoiceAdapter",
    "VoiceMessageUnheard",
    "VoiceOptions",
    "VoiceService",
    "VoiceTester",
    "enqueue_speech",
]
