"""The interfaces of models that hear and speak."""

from collections.abc import Sequence
from typing import Protocol

from typing_extensions import override

from services.speech.types import Recording, SpeechRequest, TranscriptionRequest


class TranscriptionModel(Protocol):
    """A model that writes down what is said. All methods raise `ModelError` and no other."""

    @property
    def name(self) -> str:
        """Return the model's full name, `vendor/model`."""
        ...

    @property
    def usd_per_minute(self) -> float:
        """Return the price of a minute, in US dollars."""
        ...

    async def transcribe(self, recording: Recording, request: TranscriptionRequest) -> str:
        """Return what is said in a recording, or "" if there are no words in it."""
        ...

    async def close(self) -> None:
        """Close connections, or end the process."""
        ...


class SpeechModel(Protocol):
    """A model that speaks. All methods raise `ModelError` and no other vendor errors."""

    @property
    def name(self) -> str:
        """Return the model's full name, `vendor/model`."""
        ...

    @property
    def voices(self) -> Sequence[str]:
        """Return the voices that are known of it; others may exist."""
        ...

    @property
    def usd_per_1000_characters(self) -> float:
        """Return the price of a thousand characters, in US dollars."""
        ...

    async def speak(self, request: SpeechRequest) -> bytes:
        """Return a text as audio, in any usual format."""
        ...

    async def close(self) -> None:
        """Close connections, or end the process."""
        ...


class AudioConverter(Protocol):
    """Converts recordings to Opus in Ogg, as Discord's own clients record it."""

    async def convert(self, data: bytes, *, seconds: float) -> tuple[Recording, bytes] | None:
        """Return the first `seconds` of any audio, and its waveform; None where nothing converts.

        Raises:
            ModelError: It took too long, or broke.
            UnreadableRecording: It is no audio, or damaged.
        """
        ...

    async def close(self) -> None:
        """End what converts."""
        ...


class NoConverter(AudioConverter):
    """Converts nothing."""

    @override
    async def convert(self, data: bytes, *, seconds: float) -> tuple[Recording, bytes] | None:
        return None

    @override
    async def close(self) -> None:
        """Nothing is open."""
