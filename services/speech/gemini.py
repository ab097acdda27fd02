"""Google's Gemini models that hear and speak."""

import re
from collections.abc import Sequence

from typing_extensions import override

from services.llm import ModelUnavailable
from services.llm.gemini import VENDOR, Gemini
from services.speech.ports import SpeechModel, TranscriptionModel
from services.speech.service import wav
from services.speech.types import Recording, SpeechRequest, TranscriptionRequest

_INSTRUCTIONS = "Write down exactly what is said in this recording, and nothing else."
_SILENCE = "NO WORDS"
_RATE = re.compile(r"rate=(\d{4,6})")
_MAX_RATE = 192_000
# Some of its thirty; the first is used where a personality has none.
_VOICES = ("Kore", "Puck", "Charon", "Zephyr", "Fenrir", "Leda", "Orus", "Aoede")


class GeminiTranscription(TranscriptionModel):
    """A model that hears, as part of a prompt."""

    def __init__(self, gemini: Gemini, model: str, *, usd_per_minute: float) -> None:
        self._gemini = gemini
        self._model = model
        self._usd_per_minute = usd_per_minute

    @property
    @override
    def name(self) -> str:
        return f"{VENDOR}/{self._model}"

    @property
    @override
    def usd_per_minute(self) -> float:
        return self._usd_per_minute

    @override
    async def transcribe(self, recording: Recording, request: TranscriptionRequest) -> str:
        hints = [f"If nobody speaks in it, answer {_SILENCE}."]
        if request.names:
            hints.append(f"These names may be in it: {', '.join(request.names)}.")
        if request.language:
            hints.append(f"Its language is {request.language}.")
        text = await self._gemini.transcribe(
            self._model,
            recording.data,
            recording.media_type,
            prompt=" ".join([_INSTRUCTIONS, *hints]),
        )
        return "" if text.strip(" .").upper() == _SILENCE else text

    @override
    async def close(self) -> None:
        await self._gemini.close()


class GeminiSpeech(SpeechModel):
    """A model that speaks; it answers with samples."""

    def __init__(
        self, gemini: Gemini, model: str, *, voice: str, usd_per_1000_characters: float
    ) -> None:
        self._gemini = gemini
        self._model = model
        self._voice = voice or _VOICES[0]
        self._price = usd_per_1000_characters

    @property
    @override
    def name(self) -> str:
        return f"{VENDOR}/{self._model}"

    @property
    @override
    def voices(self) -> Sequence[str]:
        return tuple(dict.fromkeys((self._voice, *_VOICES)))

    @property
    @override
    def usd_per_1000_characters(self) -> float:
        return self._price

    @override
    async def speak(self, request: SpeechRequest) -> bytes:
        text = f"Say {request.style}: {request.text}" if request.style else request.text
        data, media_type = await self._gemini.speak(
            self._model, text, voice=request.voice or self._voice
        )
        rate = _RATE.search(media_type)
        if rate is None:
            return data  # a file, by its type
        if int(rate[1]) > _MAX_RATE:
            raise ModelUnavailable(self.name)
        return wav(data, int(rate[1]))

    @override
    async def close(self) -> None:
        await self._gemini.close()
