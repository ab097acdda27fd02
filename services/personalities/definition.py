"""The texts that define a personality, and their limits."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypedDict, cast
from uuid import UUID

from typing_extensions import Unpack

from db.models import NoteRole, Personality, Visibility
from services.macros import Macros, MacroValues
from services.personalities.errors import BadAddress
from services.texts import NAME_LIMIT, clean_name, clean_text, on_one_line, printable

# As long as the longest shared cards; prompts are cut to what the model can read.
LONG_TEXT_LIMIT = 32_000
MAX_GREETINGS = 100
MAX_DEPTH = 200

LIMITS: Mapping[str, int] = {
    "display_name": NAME_LIMIT,
    "nickname": NAME_LIMIT,
    "character_info": LONG_TEXT_LIMIT,
    "personality_traits": LONG_TEXT_LIMIT,
    "personality_tone": 500,
    "personality_age": 100,
    "personality_likes": 4000,
    "personality_dislikes": 4000,
    "scenario": LONG_TEXT_LIMIT,
    "conversational_goals": 4000,
    "conversational_examples": LONG_TEXT_LIMIT,
    "first_message": LONG_TEXT_LIMIT,
    "system_prompt_override": LONG_TEXT_LIMIT,
    "post_history_instructions": LONG_TEXT_LIMIT,
    "depth_note": LONG_TEXT_LIMIT,
    "creator_notes": LONG_TEXT_LIMIT,
    "character_version": 100,
    "origin": 300,
}
GREETINGS = ("alternate_greetings", "group_greetings")
_NOTE_PLACE: Mapping[str, Any] = {"depth_note_depth": 4, "depth_note_role": NoteRole.SYSTEM.value}
# Columns that are not nullable.
_NOT_NULL = frozenset({"character_info", "personality_traits"})
_EXAMPLE_START = re.compile(r"<START>[ \t]*\n?", re.IGNORECASE)
_HTTPS_URL = re.compile(r"https://[\w.-]+(:\d+)?([/?#]\S*)?")
_MAX_URL_LENGTH = 2000


# Of a personality that answers in whatever language it is spoken to.
SPEAKERS_LANGUAGE = "speaker"
MAX_LANGUAGE = 40  # characters


class PersonalitySettings(TypedDict, total=False):
    """Settings of a personality besides its definition; None keeps the current value."""

    visibility: Visibility | None
    age_restricted: bool | None
    avatar_explicit: bool | None
    definition_shown: bool | None
    copy_allowed: bool | None
    memory_enabled: bool | None
    streams_answers: bool | None
    language: str | None
    may_react: bool | None
    image_enabled: bool | None
    context_window_size: int | None
    system_prompt_id: UUID | None
    tools: list[str] | None


class PromptValues(TypedDict, total=False):
    """What macros stand for beside the definition, see `MacroValues`."""

    group: Sequence[str]
    zone: tzinfo
    idle: timedelta | None
    last_message: str
    last_user_message: str
    last_char_message: str
    seed: str


@dataclass(frozen=True)
class Shortened:
    """A text that was cut to the limit of its column."""

    column: str
    length: int
    limit: int


def validate(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns of a personality from typed values.

    Raises:
        BadAddress: The avatar is not an https URL.
        TextEmpty: The name is empty.
        TextTooLong: A text is too long.
    """
    columns: dict[str, Any] = {}
    for column, value in changes.items():
        if column == "name":
            columns[column] = clean_name(value or "")
        elif column == "avatar_url":
            columns[column] = _validate_url(value)
        elif column in LIMITS:
            label = column.replace("_", " ")
            cleaned = clean_text(value or "", field=label, limit=LIMITS[column])
            columns[column] = cleaned if cleaned or column in _NOT_NULL else None
        elif column in GREETINGS:
            texts = cast("Sequence[str]", value or ())[:MAX_GREETINGS]
            cleaned_texts = [
                clean_text(each, field="greeting", limit=LONG_TEXT_LIMIT) for each in texts
            ]
            columns[column] = [each for each in cleaned_texts if each]
        elif column in _NOTE_PLACE:
            columns[column] = _note_place(column, value)
    return columns


def adapt(values: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[Shortened]]:
    """Return columns of a personality from imported values, cut to their limits.

    Raises:
        TextEmpty: The name is empty.
    """
    shortened: list[Shortened] = []

    def cut(column: str, text: str, limit: int) -> str:
        # Of a name only its beginning is looked at, a letter at a time.
        cleaned = on_one_line(text[:1000]) if column == "name" else printable(text).strip()
        if len(cleaned) <= limit:
            return text[:1000] if column == "name" else text
        shortened.append(Shortened(column, len(cleaned), limit))
        return cleaned[:limit]

    fitted: dict[str, Any] = {}
    for column, value in values.items():
        if column in GREETINGS:
            texts = cast("Sequence[str]", value or ())
            if len(texts) > MAX_GREETINGS:
                shortened.append(Shortened(column, len(texts), MAX_GREETINGS))
            fitted[column] = [cut(column, each, LONG_TEXT_LIMIT) for each in texts[:MAX_GREETINGS]]
        elif isinstance(value, str) and (column == "name" or column in LIMITS):
            fitted[column] = cut(column, value, LIMITS.get(column, NAME_LIMIT))
        else:
            fitted[column] = value
    return validate(fitted), shortened


def adapt_one(column: str, value: Any) -> Any:
    """Return a column of a personality from an imported value, or the default without one."""
    if column == "name" and not isinstance(value, str):
        return None
    return adapt({column: value})[0][column]


def snapshot(personality: Personality) -> dict[str, Any]:
    """Return the definition as stored in a version."""
    columns = ("name", *LIMITS, *GREETINGS, *_NOTE_PLACE, "avatar_url", "custom_fields")
    return {column: getattr(personality, column) for column in columns}


def restored(version: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a version. What it does not know yet is empty."""
    empty: dict[str, Any] = {
        **dict.fromkeys(LIMITS),
        **{column: [] for column in GREETINGS},
        **_NOTE_PLACE,
    }
    return {**empty, **version}


def describe(personality: Personality) -> list[str]:
    """Return the definition as prompt paragraphs without the examples, with macros in it."""
    fields = [
        ("", personality.character_info),
        ("Character", personality.personality_traits),
        ("Tone", personality.personality_tone),
        ("Age", personality.personality_age),
        ("Likes", personality.personality_likes),
        ("Dislikes", personality.personality_dislikes),
        ("Goals in conversation", personality.conversational_goals),
        ("Scenario", personality.scenario),
        *(
            (name.replace("_", " ").capitalize(), value)
            for name, value in (personality.custom_fields or {}).items()
            if isinstance(value, str)
        ),
    ]
    return [f"{label}: {text}" if label else text for label, text in fields if text]


def describe_speech(personality: Personality, *, now: datetime, user: str = "people") -> str:
    """Return the definition with the examples, as one text with its macros expanded."""
    examples = personality.conversational_examples
    paragraphs = describe(personality)
    if examples:
        paragraphs.append(f"Examples of how you speak: {examples}")
    text = Macros(macro_values(personality, now=now, user=user)).expand("\n\n".join(paragraphs))
    return _EXAMPLE_START.sub("", text)


def has_turns(text: str, names: Collection[str]) -> bool:
    """Whether examples are conversations, whose lines begin with who says them."""
    speakers = {
        "{{char}}",
        "{{user}}",
        "<bot>",
        "<char>",
        "<user>",
        *(n.lower() for n in names if n),
    }
    starts = (line.partition(":") for line in text.lower().splitlines())
    has_speaker = any(colon and start.strip() in speakers for start, colon, _ in starts)
    return has_speaker or bool(_EXAMPLE_START.search(text))


def split_examples(text: str) -> list[str]:
    """Return the conversations of `<START>`-separated examples."""
    return [block.strip() for block in _EXAMPLE_START.split(text) if block.strip()]


def macro_values(
    personality: Personality,
    *,
    now: datetime,
    user: str,
    persona: str = "",
    **values: Unpack[PromptValues],
) -> MacroValues:
    """Return what the macros in the texts of a personality stand for; `persona` is a text."""
    fields = {
        "description": personality.character_info,
        "personality": personality.personality_traits,
        "scenario": personality.scenario,
        "mesexamples": personality.conversational_examples,
        "charversion": personality.character_version,
        "chardepthprompt": personality.depth_note,
        "creatornotes": personality.creator_notes,
        "charfirstmessage": personality.first_message,
        "persona": persona,
    }
    return MacroValues(
        char=personality.nickname or personality.name,
        user=user,
        now=now,
        fields={name: text or "" for name, text in fields.items()},
        **values,
    )


def apply_published_version(personality: Personality, version: Mapping[str, Any]) -> Personality:
    """Apply a version to a personality and return it. The object must be detached."""
    for column, value in restored(version).items():
        setattr(personality, column, value)
    personality.version = personality.public_version or personality.version
    return personality


def _note_place(column: str, value: Any) -> Any:
    if value is None or value == "":
        return _NOTE_PLACE[column]
    if column == "depth_note_role":
        return NoteRole(value).value
    return max(0, min(MAX_DEPTH, int(value)))


def _validate_url(text: str | None) -> str | None:
    url = (text or "").strip()
    if not url:
        return None
    is_url = _HTTPS_URL.fullmatch(url) and url.isprintable()
    if not is_url or len(url) > _MAX_URL_LENGTH:
        raise BadAddress("avatar")
    return url
