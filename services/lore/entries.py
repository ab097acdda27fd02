"""Entries of lorebooks: what their documents mean.

A document is an entry of a `character_book`, as cards carry it; what is unknown in it stays.
Its options beside the ones of https://github.com/malfoyslastname/character-card-spec-v2 are those
of SillyTavern (https://docs.sillytavern.app/usage/core-concepts/worldinfo/) in `extensions`, and
the decorators of https://github.com/kwaroran/character-card-spec-v3 in the content.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, TypeAlias, cast
from uuid import UUID

from services.lore import decorators
from services.personalities.cards import read_number, read_text, read_texts
from services.texts import NAME_LIMIT, on_one_line, shorten

MAX_CONTENT = 32_000  # characters
MAX_KEYS, MAX_KEY_LENGTH = 64, 200
_FOREVER = 1_000_000_000  # messages
_PATTERN = re.compile(r"/(?P<pattern>(?:[^/\\\n]|\\.)+)/(?P<flags>[a-z]*)", re.DOTALL)
_MAX_DEPTH, _MAX_NAMES = 1000, 50


class Logic(IntEnum):
    """How secondary keys decide, in SillyTavern's numbers."""

    AND_ANY = 0
    NOT_ALL = 1
    NOT_ANY = 2
    AND_ALL = 3


class Position(IntEnum):
    """Where an entry stands in a prompt, in SillyTavern's numbers."""

    BEFORE_DEFINITION = 0
    AFTER_DEFINITION = 1
    NOTE_TOP = 2
    NOTE_BOTTOM = 3
    AT_DEPTH = 4
    BEFORE_EXAMPLES = 5
    AFTER_EXAMPLES = 6
    OUTLET = 7


_POSITIONS = {
    "before_char": Position.BEFORE_DEFINITION,
    "before_desc": Position.BEFORE_DEFINITION,
    "after_char": Position.AFTER_DEFINITION,
    "after_char_defs": Position.AFTER_DEFINITION,
    "after_desc": Position.AFTER_DEFINITION,
    "personality": Position.AFTER_DEFINITION,
    "scenario": Position.AFTER_DEFINITION,
}
ROLES = ("system", "user", "assistant")
# The texts that an entry may be looked for in, beside the messages.
MATCHED_FIELDS: Mapping[str, str] = {
    "match_persona_description": "persona",
    "match_character_description": "description",
    "match_character_personality": "personality",
    "match_character_depth_prompt": "chardepthprompt",
    "match_scenario": "scenario",
    "match_creator_notes": "creatornotes",
}


@dataclass(frozen=True)
class Pattern:
    """A key that is a regular expression, in JavaScript's syntax."""

    source: str
    flags: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of a lorebook, as it is looked for.

    `scan_depth`, `case_sensitive`, `whole_words` and `group_scoring` are None where the book or
    the default decides. Counts of `sticky`, `cooldown` and `delay` are of messages.
    """

    id: UUID
    name: str
    keys: Sequence[str]
    content: str
    secondary_keys: Sequence[str] = ()
    # Of each of these groups, one key has to be there.
    required_keys: Sequence[Sequence[str]] = ()
    exclude_keys: Sequence[str] = ()
    logic: Logic = Logic.AND_ANY
    enabled: bool = True
    constant: bool = False
    by_meaning: bool = False
    order: int = 100
    priority: int = 0
    position: Position = Position.BEFORE_DEFINITION
    depth: int = 4
    role: str = "system"
    from_oldest: bool = False
    is_movable: bool = True
    probability: float = 100
    groups: Sequence[str] = ()
    group_override: bool = False
    group_weight: float = 100
    group_scoring: bool | None = None
    scan_depth: int | None = None
    case_sensitive: bool | None = None
    whole_words: bool | None = None
    use_regex: bool = False
    sticky: int = 0
    cooldown: int = 0
    delay: int = 0
    exclude_recursion: bool = False
    prevent_recursion: bool = False
    delay_until_recursion: int = 0
    ignore_budget: bool = False
    is_dropped_first: bool = False
    triggers: Sequence[str] = ()
    character_names: Sequence[str] = ()
    character_tags: Sequence[str] = ()
    excludes_characters: bool = False
    fields: Sequence[str] = ()
    forced: bool | None = None
    only_after: int = 0
    only_every: int = 0
    greeting: int | None = None
    content_hash: str = field(default="", compare=False)


def parse(document: Mapping[str, Any], entry_id: UUID) -> Entry:
    """Return what the document of an entry means; what has a wrong type is left out."""
    reader = _Reader(document)
    content, decorations = decorators.split(reader.own_text("content"), _DECORATORS)
    group = reader.text("group")
    selective = reader.flag("selective", default=True)
    secondary = tuple(reader.own_texts("secondary_keys")) if selective else ()
    filter_ = reader.mapping("character_filter", "characterFilter")
    probability = reader.number("probability", default=100)
    if reader.flag("useProbability", default=True) is False:
        probability = 100
    position = _position(reader)
    entry = Entry(
        id=entry_id,
        name=name_of(document),
        keys=tuple(reader.own_texts("keys"))[:MAX_KEYS],
        secondary_keys=secondary[:MAX_KEYS],
        content=content,
        logic=Logic(reader.choice("selectiveLogic", len(Logic))),
        enabled=reader.flag("enabled", default=True) is not False,
        constant=bool(reader.flag("constant")),
        by_meaning=bool(reader.flag("vectorized")),
        order=reader.whole("insertion_order", default=100),
        priority=reader.whole("priority"),
        position=position,
        depth=max(0, min(_MAX_DEPTH, reader.whole("depth", default=4))),
        role=ROLES[reader.choice("role", len(ROLES))],
        probability=probability,
        groups=tuple(each.strip() for each in group.split(",") if each.strip())[:_MAX_NAMES],
        group_override=bool(reader.flag("group_override")),
        group_weight=max(reader.number("group_weight", default=100), 0),
        group_scoring=reader.flag("use_group_scoring"),
        scan_depth=reader.optional_whole("scan_depth"),
        case_sensitive=reader.flag("case_sensitive"),
        whole_words=reader.flag("match_whole_words"),
        use_regex=bool(reader.flag("use_regex")) and not reader.is_from_sillytavern,
        sticky=reader.whole("sticky"),
        cooldown=reader.whole("cooldown"),
        delay=reader.whole("delay"),
        exclude_recursion=bool(reader.flag("exclude_recursion")),
        prevent_recursion=bool(reader.flag("prevent_recursion")),
        delay_until_recursion=reader.level("delay_until_recursion"),
        ignore_budget=bool(reader.flag("ignore_budget")),
        triggers=tuple(reader.texts("triggers")),
        character_names=tuple(read_texts(filter_.get("names")) or ())[:_MAX_NAMES],
        character_tags=tuple(read_texts(filter_.get("tags")) or ())[:_MAX_NAMES],
        excludes_characters=bool(filter_.get("isExclude")),
        fields=tuple(name for flag, name in MATCHED_FIELDS.items() if reader.flag(flag)),
        content_hash=hashlib.sha256(content.encode(errors="replace")).hexdigest()[:16],
    )
    for name, value in decorations:
        entry = _DECORATORS[name](entry, value)
    return entry


def name_of(entry: Mapping[str, Any]) -> str:
    """Return the name of an entry: its comment, else its first key."""
    text = read_text(entry.get("comment")) or read_text(entry.get("name")) or ""
    keys = read_texts(entry.get("keys")) or []
    return shorten(on_one_line((text or ", ".join(keys[:3]))[:500]), NAME_LIMIT)


def is_about(entry: Mapping[str, Any], words: str) -> bool:
    """Whether words, in lower case, are in the name, the keys or the content of an entry."""
    texts = [name_of(entry), read_text(entry.get("content")) or ""]
    keys = [
        *(read_texts(entry.get("keys")) or ()),
        *(read_texts(entry.get("secondary_keys")) or ()),
    ]
    return any(words in text.lower() for text in (*texts, *keys))


def as_pattern(key: str, *, use_regex: bool) -> Pattern | None:
    """Return a key as a regular expression, if it is one."""
    if match := _PATTERN.fullmatch(key):
        return Pattern(match["pattern"], match["flags"])
    return Pattern(key, "") if use_regex else None


def _with_number(name: str, *, low: int = 0, high: int = _MAX_DEPTH) -> "_Decorator":
    def apply(entry: Entry, value: str) -> Entry:
        number = read_number(value)
        return entry if number is None else replace(entry, **{name: max(low, min(high, number))})

    return apply


def _with(**changes: Any) -> "_Decorator":
    return lambda entry, _value: replace(entry, **changes)


def _at_depth(entry: Entry, value: str) -> Entry:
    placed = replace(entry, position=Position.AT_DEPTH)
    # One that names a position stands there.
    return _with_number("depth")(placed if entry.is_movable else entry, value)


def _at_reverse_depth(entry: Entry, value: str) -> Entry:
    return replace(_at_depth(entry, value), from_oldest=True)


def _at_position(entry: Entry, value: str) -> Entry:
    position = _POSITIONS.get(value)
    return entry if position is None else replace(entry, position=position, is_movable=False)


def _as_role(entry: Entry, value: str) -> Entry:
    return replace(entry, role=value) if value in ROLES else entry


def _with_required_keys(entry: Entry, value: str) -> Entry:
    keys = _listed(value)
    return replace(entry, required_keys=(*entry.required_keys, keys)) if keys else entry


def _with_exclude_keys(entry: Entry, value: str) -> Entry:
    return replace(entry, exclude_keys=(*entry.exclude_keys, *_listed(value)))


def _listed(value: str) -> tuple[str, ...]:
    keys = (each.strip()[:MAX_KEY_LENGTH] for each in value.split(","))
    return tuple(each for each in keys if each)[:MAX_KEYS]


_Decorator: TypeAlias = Callable[[Entry, str], Entry]
# Those that are about other kinds of programs are not known: of text completion, of a screen.
_DECORATORS: Mapping[str, _Decorator] = {
    "depth": _at_depth,
    "reverse_depth": _at_reverse_depth,
    "position": _at_position,
    "role": _as_role,
    "scan_depth": _with_number("scan_depth"),
    "activate_only_after": _with_number("only_after", high=_FOREVER),
    "activate_only_every": _with_number("only_every", high=_FOREVER),
    "keep_activate_after_match": _with(sticky=_FOREVER),
    "dont_activate_after_match": _with(cooldown=_FOREVER),
    "additional_keys": _with_required_keys,
    "exclude_keys": _with_exclude_keys,
    "is_greeting": _with_number("greeting"),
    "ignore_on_max_context": _with(is_dropped_first=True),
    "activate": _with(forced=True),
    "dont_activate": _with(forced=False),
    # RisuAI's.
    "probability": _with_number("probability", high=100),
    "priority": _with_number("priority", high=_FOREVER),
    "match_full_word": _with(whole_words=True),
    "match_partial_word": _with(whole_words=False),
    "recursive": _with(prevent_recursion=False),
    "unrecursive": _with(prevent_recursion=True),
    "end": _with(position=Position.AT_DEPTH, depth=0),
}


def _position(reader: "_Reader") -> Position:
    extension = read_number(reader.extensions.get("position"))
    if extension is not None and 0 <= extension < len(Position):
        return Position(extension)
    value = reader.document.get("position")
    if isinstance(value, str):
        return _POSITIONS.get(value, Position.AFTER_DEFINITION)
    number = read_number(value)
    is_known = number is not None and 0 <= number < len(Position)
    return Position(number) if number is not None and is_known else Position.BEFORE_DEFINITION


class _Reader:
    """Reads the options of a document: those in `extensions` first, whatever their types."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        extensions = document.get("extensions")
        self.document = document
        self.extensions: Mapping[str, Any] = (
            cast("Mapping[str, Any]", extensions) if isinstance(extensions, dict) else {}
        )

    @property
    def is_from_sillytavern(self) -> bool:
        """Whether SillyTavern wrote it, which marks every entry as one with patterns."""
        return "selectiveLogic" in self.extensions or "display_index" in self.extensions

    def _value(self, name: str) -> Any:
        value = self.extensions.get(name)
        return self.document.get(name) if value is None else value

    def text(self, name: str) -> str:
        return read_text(self._value(name)) or ""

    def texts(self, name: str) -> Sequence[str]:
        return [each for each in read_texts(self._value(name)) or () if each.strip()]

    def own_text(self, name: str) -> str:
        """Return a text of the entry itself, which is cleaned and limited where it comes in."""
        return read_text(self.document.get(name)) or ""

    def own_texts(self, name: str) -> Sequence[str]:
        value = self.document.get(name)
        if isinstance(value, str) and "," in value and not value.startswith("/"):
            value = value.split(",")
        texts = (each.strip() for each in read_texts(value) or ())
        return [each[:MAX_KEY_LENGTH] for each in texts if each]

    def flag(self, name: str, *, default: bool | None = None) -> bool | None:
        value = self._value(name)
        return default if value is None else bool(value)

    def number(self, name: str, *, default: float = 0) -> float:
        text = read_text(self._value(name)) or ""
        try:
            number = float(text)
        except ValueError:
            return default
        return number if abs(number) < _FOREVER else default

    def whole(self, name: str, *, default: int = 0) -> int:
        return int(self.number(name, default=default))

    def optional_whole(self, name: str) -> int | None:
        value = read_number(self._value(name))
        return None if value is None else max(0, min(_MAX_DEPTH, value))

    def level(self, name: str) -> int:
        value = self._value(name)
        return int(value) if isinstance(value, bool) else max(0, read_number(value) or 0)

    def choice(self, name: str, count: int) -> int:
        value = self._value(name)
        number = ROLES.index(value) if value in ROLES else read_number(value)
        return number if number is not None and 0 <= number < count else 0

    def mapping(self, *names: str) -> Mapping[str, Any]:
        for name in names:
            value = self._value(name)
            if isinstance(value, dict):
                return cast("Mapping[str, Any]", value)
        return {}
