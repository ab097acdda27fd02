"""How a personality speaks, wherever its answers are spoken."""

from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_STYLE: Final = 200  # characters
MAX_VOICE: Final = 100
SPEEDS: Final = (0.5, 2.0)
PITCHES: Final = (0.7, 1.5)


class VoiceSettings(BaseModel):
    """The vendor and its voice, factors of speed and pitch, and the style in words.

    Empty names are the defaults. With `always` every answer is spoken, otherwise those to voice
    messages.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    always: bool = False
    vendor: str = ""
    voice: str = ""
    speed: Annotated[float, Field(ge=SPEEDS[0], le=SPEEDS[1])] = 1.0
    pitch: Annotated[float, Field(ge=PITCHES[0], le=PITCHES[1])] = 1.0
    style: str = ""

    @classmethod
    def read(cls, stored: dict[str, Any] | None) -> Self:
        """Return stored settings; those of other programs that mean nothing here are ignored."""
        try:
            return cls.model_validate(stored or {})
        except ValidationError:
            return cls()
