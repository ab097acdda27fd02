"""Recordings, what is heard in them, and speech."""

from dataclasses import dataclass
from typing import Final

# Of a recording only its beginning is heard, of a text only its beginning is spoken.
MAX_SECONDS: Final = 120
MAX_BYTES: Final = 8_000_000
MAX_SPOKEN: Final = 1_500  # characters
OGG: Final = "audio/ogg"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording as a file, `seconds` long; `is_cut` if it is the beginning of a longer one."""

    data: bytes
    media_type: str
    seconds: float
    is_cut: bool = False


@dataclass(frozen=True, kw_only=True)
class TranscriptionRequest:
    """What helps to understand a recording: names that may be in it, and a language as ISO 639-1.

    Without a language it is detected.
    """

    names: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """What is said in a recording; of a longer one, in its first `seconds`."""

    text: str
    seconds: float
    is_cut: bool = False


@dataclass(frozen=True, kw_only=True)
class SpeechRequest:
    """A text to be spoken.

    `speed` and `pitch` are factors; `style` says how it is to be spoken, for models that follow
    that. Without a `voice` it is the model's own.
    """

    text: str
    voice: str = ""
    speed: float = 1.0
    pitch: float = 1.0
    style: str = ""


@dataclass(frozen=True, kw_only=True)
class Speech:
    """A spoken text as a file with this suffix.

    `waveform` has at most 256 bytes of loudness. It and the `seconds` are known only of speech in
    Opus that was encoded here.
    """

    data: bytes
    suffix: str
    media_type: str
    seconds: float | None = None
    waveform: bytes | None = None
