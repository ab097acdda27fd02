"""Which value of a card is which column of a personality."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, cast

OWN = "troupe"  # our part of a card's `extensions`
_ROLES = ("system", "user", "assistant")  # in the order of SillyTavern's numbers
_DEPTH_NOTE = ("extensions", "depth_prompt")


class Kind(Enum):
    """What type a value has."""

    TEXT = auto()
    TEXTS = auto()
    NUMBER = auto()
    ROLE = auto()


@dataclass(frozen=True)
class CardField:
    """A value of a card, `path` below the object with the fields, and its column."""

    column: str
    path: tuple[str, ...]
    kind: Kind = Kind.TEXT

    def read(self, body: Mapping[str, Any]) -> Any:
        """Return the value in a card, of the type of the column; None if it has none."""
        value: Any = body
        for name in self.path:
            value = cast("Mapping[str, Any]", value).get(name) if isinstance(value, dict) else None
        return _READERS[self.kind](value)


def read_text(value: Any) -> str | None:
    """Return a value that may be a text or a number as a text; None if it is neither."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def read_texts(value: Any) -> list[str] | None:
    """Return a value that may be a text or a list of texts as a list; None if it is neither."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if not isinstance(value, list):
        return None
    return [each for each in cast("list[Any]", value) if isinstance(each, str) and each.strip()]


def read_number(value: Any) -> int | None:
    """Return a value that may be a number, also in a text; None if it is none."""
    text = read_text(value) or ""
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None


def _role(value: Any) -> str | None:
    if isinstance(value, int) and 0 <= value < len(_ROLES):
        return _ROLES[value]
    return value if value in _ROLES else None


_READERS = {
    Kind.TEXT: read_text,
    Kind.TEXTS: read_texts,
    Kind.NUMBER: read_number,
    Kind.ROLE: _role,
}

FIELDS: Sequence[CardField] = (
    CardField("name", ("name",)),
    CardField("nickname", ("nickname",)),
    CardField("character_info", ("description",)),
    CardField("personality_traits", ("personality",)),
    CardField("scenario", ("scenario",)),
    CardField("first_message", ("first_mes",)),
    CardField("alternate_greetings", ("alternate_greetings",), Kind.TEXTS),
    CardField("group_greetings", ("group_only_greetings",), Kind.TEXTS),
    CardField("conversational_examples", ("mes_example",)),
    CardField("system_prompt_override", ("system_prompt",)),
    CardField("post_history_instructions", ("post_history_instructions",)),
    CardField("creator_notes", ("creator_notes",)),
    CardField("character_version", ("character_version",)),
    CardField("depth_note", (*_DEPTH_NOTE, "prompt")),
    CardField("depth_note_depth", (*_DEPTH_NOTE, "depth"), Kind.NUMBER),
    CardField("depth_note_role", (*_DEPTH_NOTE, "role"), Kind.ROLE),
    # What other programs have no field for.
    *(
        CardField(column, ("extensions", OWN, column))
        for column in (
            *("personality_tone", "personality_age", "personality_likes", "personality_dislikes"),
            *("conversational_goals", "display_name", "origin"),
        )
    ),
)
# What V3 demands in `data`, beside the name.
REQUIRED: Mapping[str, Any] = {
    **dict.fromkeys(
        ("description", "personality", "scenario", "first_mes", "mes_example", "creator_notes"), ""
    ),
    **dict.fromkeys(("system_prompt", "post_history_instructions", "creator"), ""),
    "character_version": "",
    "alternate_greetings": [],
    "group_only_greetings": [],
    "tags": [],
    "extensions": {},
}
