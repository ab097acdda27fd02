"""How pictures of a personality are drawn, wherever one is."""

from typing import Any, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

Aspect = Literal["1:1", "4:3", "3:4", "16:9"]
ASPECTS: Final[tuple[Aspect, ...]] = get_args(Aspect)
MAX_AVOIDED: Final = 300  # characters


class ImageSettings(BaseModel):
    """The style by its name, the aspect, whether the face is the reference, and what to avoid."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    style: str = ""
    aspect: Aspect = "4:3"
    shows_face: bool = False
    avoid: str = ""

    @classmethod
    def read(cls, stored: dict[str, Any] | None) -> Self:
        """Return stored settings; those of other programs that mean nothing here are ignored."""
        try:
            return cls.model_validate(stored or {})
        except ValidationError:
            return cls()
