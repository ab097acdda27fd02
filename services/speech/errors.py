"""Errors of hearing and speaking, beyond those of any model call in `services.llm`."""

from dataclasses import dataclass

from services.errors import DomainError


class NoTranscriptionModel(DomainError):
    """No model that hears is configured."""


class NoSpeechModel(DomainError):
    """No model that speaks is configured."""


class UnreadableRecording(DomainError):
    """A file is not a recording, or cannot be decoded."""


class NothingToSpeak(DomainError):
    """Nothing of a text can be spoken."""


@dataclass(eq=False)
class UnknownSpeechVendor(DomainError):
    """No vendor of this name speaks here; `vendors` do."""

    name: str
    vendors: str
