"""Errors of voice messages and spoken answers."""

from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

from services.access import AccessRefused


class Unheard(StrEnum):
    """Why a voice message was not heard."""

    NOT_CONFIGURED = "not configured"
    SERVER = "server"
    DAY = "day"
    TOO_LARGE = "too large"
    TOO_MANY = "too many"
    UNREADABLE = "unreadable"
    NO_WORDS = "no words"
    FAILED = "failed"
    BUDGET = "budget"


@dataclass(eq=False)
class VoiceMessageUnheard(AccessRefused):
    """A message is nothing but a recording, and that was not heard."""

    reason: Unheard

    @property
    @override
    def topic(self) -> str:
        return f"voice: {self.reason}"
