"""The one place that calls models which hear and speak."""

import asyncio
import io
import wave
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from db.models import CallOutcome
from services.access import Caller
from services.llm import (
    BackgroundCalls,
    Ledger,
    ModelOverloaded,
    ModelRateLimited,
    ModelUnavailable,
    Usage,
)
from services.retries import with_retries
from services.speech import ogg
from services.speech.errors import (
    NoSpeechModel,
    NothingToSpeak,
    NoTranscriptionModel,
    UnknownSpeechVendor,
    UnreadableRecording,
)
from services.speech.ports import AudioConverter, NoConverter, SpeechModel, TranscriptionModel
from services.speech.spoken_text import spoken_text
from services.speech.types import (
    MAX_SECONDS,
    MAX_SPOKEN,
    OGG,
    Recording,
    Speech,
    SpeechRequest,
    Transcript,
    TranscriptionRequest,
)

T = TypeVar("T")

_CONVERTER: Final = "local/converter"
_NOT_PROCESSED: Final = (ModelOverloaded, ModelRateLimited)
# Beyond the length of a recording, or of what a text takes to be spoken.
_TIMEOUT: Final = 60.0
# What vendors send: how it begins, the suffix of its file, its type.
_FORMATS: Final = (
    (b"OggS", "ogg", OGG),
    (b"RIFF", "wav", "audio/wav"),
    (b"ID3", "mp3", "audio/mpeg"),
    (b"\xff\xfb", "mp3", "audio/mpeg"),
    (b"\xff\xf3", "mp3", "audio/mpeg"),
    (b"fLaC", "flac", "audio/flac"),
)


class SpeechModels:
    """Has recordings written down and texts spoken, each by a model of the settings.

    The first of the `speech` models, by vendor, is the default.
    """

    def __init__(
        self,
        ledger: Ledger,
        background: BackgroundCalls,
        converter: AudioConverter | None = None,
        *,
        transcription: TranscriptionModel | None = None,
        speech: Mapping[str, SpeechModel] | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        self._ledger = ledger
        self._background = background
        self._converter = converter or NoConverter()
        self._transcription = transcription
        self._speech = dict(speech or {})
        self._timeout = timeout

    @property
    def can_hear(self) -> bool:
        """Whether a model that hears is configured."""
        return self._transcription is not None

    @property
    def can_speak(self) -> bool:
        """Whether a model that speaks is configured."""
        return bool(self._speech)

    @property
    def vendors(self) -> Mapping[str, Sequence[str]]:
        """Return the vendors that speak, with the voices that are known of each."""
        return {name: model.voices for name, model in self._speech.items()}

    def check_vendor(self, name: str) -> None:
        """Check that a vendor speaks here; "" is the default.

        Raises:
            NoSpeechModel: None does.
            UnknownSpeechVendor: This one does not.
        """
        if not self._speech:
            raise NoSpeechModel
        if name and name not in self._speech:
            raise UnknownSpeechVendor(name, ", ".join(self._speech))

    async def prepare(self, data: bytes) -> Recording:
        """Return a file as a recording of `MAX_SECONDS` at most.

        Opus in Ogg is cut without being decoded; other audio is converted, where that is possible.

        Raises:
            ModelError: What converts it took too long, or broke.
            UnreadableRecording: It is no audio, or of a kind that cannot be read here.
        """
        try:
            cut, seconds, is_cut = ogg.cut(data, MAX_SECONDS)
        except UnreadableRecording:
            converted = await self._call(
                _CONVERTER,
                lambda: self._converter.convert(data, seconds=MAX_SECONDS),
                MAX_SECONDS,
            )
            if converted is None:
                raise
            return converted[0]
        return Recording(data=cut, media_type=OGG, seconds=seconds, is_cut=is_cut)

    async def transcribe(
        self, recording: Recording, request: TranscriptionRequest, *, caller: Caller
    ) -> Transcript:
        """Return what is said in a recording.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            ModelError: The model did not answer.
            NoTranscriptionModel: None is configured.
        """
        model = self._transcription
        if model is None:
            raise NoTranscriptionModel
        price = Usage(cost_usd=model.usd_per_minute * recording.seconds / 60)
        async with self._ledger.call(model.name, caller, at_most=price, expected=price) as call:
            call.audio_seconds = recording.seconds
            text = await self._call(
                model.name, lambda: model.transcribe(recording, request), recording.seconds
            )
            call.outcome, call.usage = CallOutcome.OK, price
        return Transcript(text=text, seconds=recording.seconds, is_cut=recording.is_cut)

    async def speak(
        self, request: SpeechRequest, *, vendor: str, caller: Caller, with_waveform: bool = False
    ) -> Speech:
        """Return a text as speech; of a long one, its first sentences.

        A vendor that does not speak here any more is replaced by the default, with its own voice.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            ModelError: The model did not answer, or with something else than audio.
            NoSpeechModel: None is configured.
            NothingToSpeak: There are no words in the text.
        """
        if not self._speech:
            raise NoSpeechModel
        text = spoken_text(request.text, limit=MAX_SPOKEN)
        if not text:
            raise NothingToSpeak
        is_known = vendor in self._speech
        model = self._speech[vendor] if is_known else next(iter(self._speech.values()))
        spoken = SpeechRequest(
            text=text,
            voice=request.voice if is_known or not vendor else "",
            speed=request.speed,
            pitch=request.pitch,
            style=request.style,
        )
        price = Usage(cost_usd=model.usd_per_1000_characters * len(text) / 1000)
        async with self._ledger.call(model.name, caller, at_most=price, expected=price) as call:
            data = await self._call(model.name, lambda: model.speak(spoken), MAX_SECONDS)
            call.usage = price
            suffix, media_type = _format(data, model.name)
            call.outcome = CallOutcome.OK
        plain = Speech(data=data, suffix=suffix, media_type=media_type)
        return await self._encoded(plain, with_waveform=with_waveform)

    async def close(self) -> None:
        """Close connections and end processes."""
        models = [*self._speech.values(), *([self._transcription] if self._transcription else [])]
        await asyncio.gather(*(each.close() for each in models), self._converter.close())

    async def _encoded(self, speech: Speech, *, with_waveform: bool) -> Speech:
        """Return speech in Opus, where it is not yet and something here converts it."""
        if speech.media_type == OGG and not with_waveform:
            return speech
        try:
            converted = await self._call(
                _CONVERTER,
                lambda: self._converter.convert(speech.data, seconds=MAX_SECONDS * 2),
                MAX_SECONDS,
            )
        except (UnreadableRecording, ModelUnavailable):
            return speech  # as the vendor has sent it
        if converted is None:
            return speech
        recording, waveform = converted
        return Speech(
            data=recording.data,
            suffix="ogg",
            media_type=OGG,
            seconds=recording.seconds,
            waveform=waveform,
        )

    async def _call(self, name: str, call: Callable[[], Awaitable[T]], seconds: float) -> T:
        """Call something outside, which may take as long as what it hears or says, and more."""

        async def limited() -> T:
            async with asyncio.timeout(self._timeout + seconds):
                return await with_retries(call, on=_NOT_PROCESSED, attempts=2)

        try:
            return await self._background.call(limited)
        except TimeoutError as error:
            raise ModelUnavailable(name) from error


def wav(pcm: bytes, rate: int) -> bytes:
    """Return mono samples of 16 bits, lowest byte first, as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def _format(data: bytes, model: str) -> tuple[str, str]:
    """Return suffix and type of audio; a vendor may answer with an error as if it were audio.

    Raises:
        ModelUnavailable: It is no audio.
    """
    for beginning, suffix, media_type in _FORMATS:
        if data.startswith(beginning):
            return suffix, media_type
    raise ModelUnavailable(model)
