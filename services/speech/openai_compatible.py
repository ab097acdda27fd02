"""Models with OpenAI's audio API: OpenAI's own, Groq's, AssemblyAI's, and self-hosted ones."""

from collections.abc import Sequence

from typing_extensions import override

from services.llm import ModelMisconfigured, ModelProblem
from services.llm.openai_compatible import OpenAICompatible
from services.speech.ports import SpeechModel, TranscriptionModel
from services.speech.types import Recording, SpeechRequest, TranscriptionRequest

_FORMAT, _OTHER_FORMAT = "opus", "wav"


class OpenAITranscription(TranscriptionModel):
    """A model that hears, at `/audio/transcriptions`."""

    def __init__(
        self, client: OpenAICompatible, vendor: str, model: str, *, usd_per_minute: float
    ) -> None:
        self._client = client
        self._vendor = vendor
        self._model = model
        self._usd_per_minute = usd_per_minute

    @property
    @override
    def name(self) -> str:
        return f"{self._vendor}/{self._model}"

    @property
    @override
    def usd_per_minute(self) -> float:
        return self._usd_per_minute

    @override
    async def transcribe(self, recording: Recording, request: TranscriptionRequest) -> str:
        return await self._client.transcribe(
            self._model,
            # Vendors read the format from the name.
            ("voice-message.ogg", recording.data, recording.media_type),
            prompt=f"Names: {', '.join(request.names)}." if request.names else "",
            language=request.language or "",
        )

    @override
    async def close(self) -> None:
        await self._client.close()


class OpenAISpeech(SpeechModel):
    """A model that speaks, at `/audio/speech`."""

    def __init__(
        self,
        client: OpenAICompatible,
        vendor: str,
        model: str,
        *,
        voice: str,
        usd_per_1000_characters: float,
    ) -> None:
        self._client = client
        self._vendor = vendor
        self._model = model
        self._voice = voice
        self._price = usd_per_1000_characters
        self._format = _FORMAT

    @property
    @override
    def name(self) -> str:
        return f"{self._vendor}/{self._model}"

    @property
    @override
    def voices(self) -> Sequence[str]:
        return (self._voice,)

    @property
    @override
    def usd_per_1000_characters(self) -> float:
        return self._price

    @override
    async def speak(self, request: SpeechRequest) -> bytes:
        try:
            return await self._speak(request)
        except ModelMisconfigured as error:
            is_refused = error.problem is ModelProblem.REQUEST_REFUSED
            if self._format == _OTHER_FORMAT or not is_refused or "format" not in error.detail:
                raise
        # Some servers have no Opus; what they refuse is not processed.
        self._format = _OTHER_FORMAT
        return await self._speak(request)

    async def _speak(self, request: SpeechRequest) -> bytes:
        return await self._client.speak(
            self._model,
            request.text,
            voice=request.voice or self._voice,
            audio_format=self._format,
            speed=request.speed,
            style=request.style,
        )

    @override
    async def close(self) -> None:
        await self._client.close()
