"""What a search for lore is given, and what it returns."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from db.models import Lorebook, LoreScope
from services.lore.books import SCOPE_ORDER, Book
from services.lore.entries import Entry, Pattern
from services.lore.formats import LoreNote

MAX_BUDGET = 4000  # estimated tokens
PATTERN_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class LorePlace:
    """Whose books apply: those of a channel and its parent, and of who talks there."""

    personality_id: UUID | None = None
    persona_id: UUID | None = None
    channel_ids: Sequence[int] = ()
    guild_id: int | None = None


class Reason(StrEnum):
    """Why an entry is used."""

    CONSTANT = "always"
    KEY = "key"
    MEANING = "near in meaning"
    STICKY = "sticky"
    FORCED = "forced"


class SkipReason(StrEnum):
    """Why an entry that was found is not used."""

    TOO_LONG = "longer than a third of the budget"
    NO_ROOM = "no room in the budget"
    PROBABILITY = "its probability"
    GROUP = "another one of its group"
    COOLDOWN = "its cooldown"
    OUTLET = "an outlet, which no prompt here has"
    DELAY = "its delay"


@dataclass(frozen=True)
class Timer:
    """The timed effects of an entry in a conversation, in positions of messages."""

    entry_id: UUID
    content_hash: str
    started: int
    sticky_until: int
    cooldown_until: int


@dataclass(frozen=True, kw_only=True)
class LoreContext:
    """The conversation that lore is looked for in.

    `messages` are in order. `position` counts the messages of the conversation, `own_messages`
    those of the personality. `fields` are texts beside the messages, by their macros.
    `greeting` is the number of the first message that began it, from 0. `similar` has the entries
    whose meaning is near that of the last messages, with how near it is, up to 1.
    """

    messages: Sequence[str]
    personality_name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    position: int = 0
    own_messages: int = 0
    greeting: int | None = None
    similar: Mapping[UUID, float] = field(default_factory=dict[UUID, float])
    trigger: str = "normal"
    timers: Sequence[Timer] = ()
    budget: int = MAX_BUDGET
    seconds: float = PATTERN_SECONDS


@dataclass(frozen=True)
class Activated:
    """An entry that is used: its text with macros expanded, and why it is used."""

    entry: Entry
    book: Book
    text: str
    tokens: int
    reason: Reason
    key: str = ""
    level: int = 1


@dataclass(frozen=True)
class Skipped:
    """An entry that was found, and why it is not used."""

    entry: Entry
    book: Book
    reason: SkipReason


@dataclass(frozen=True)
class Activation:
    """The entries that a conversation activates, in the order in which they are shown."""

    activated: Sequence[Activated] = ()
    skipped: Sequence[Skipped] = ()
    timers: Sequence[Timer] = ()
    timed_out: Collection[Pattern] = ()

    @property
    def tokens(self) -> int:
        """Return the estimated tokens of all texts."""
        return sum(each.tokens for each in self.activated)


@dataclass(frozen=True)
class Hit:
    """An entry that is found, before it is known whether it has room."""

    entry: Entry
    book: Book
    reason: Reason
    key: str = ""
    score: int = 0

    @property
    def rank(self) -> tuple[object, ...]:
        """Return by what entries use up the budget."""
        entry = self.entry
        return (
            self.reason is not Reason.STICKY,
            # What is always there keeps its room, and with it the beginning of the prompt.
            self.reason is not Reason.CONSTANT,
            entry.is_dropped_first,
            -entry.priority,
            SCOPE_ORDER.index(self.book.scope),
            -entry.order,
            str(entry.id),
        )


@dataclass(frozen=True, kw_only=True)
class LoreTarget:
    """What a book belongs to; the scope says which of these."""

    scope: LoreScope
    channel_id: int | None = None
    guild_id: int | None = None
    persona_id: UUID | None = None
    personality_id: UUID | None = None


@dataclass(frozen=True)
class ListedBook:
    """A book, the name of what it belongs to if that has one, and how many entries it has."""

    book: Lorebook
    owner_name: str
    entry_count: int


@dataclass(frozen=True)
class ImportedBook:
    """A book that was added, with how many entries, and what is to be said of them."""

    book: Lorebook
    entry_count: int
    notes: Sequence[LoreNote]


@dataclass(frozen=True)
class LoreFile:
    """A lorebook as a file."""

    filename: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class EntryTexts:
    """What is typed of an entry; its other options stay as they are."""

    name: str
    keys: Sequence[str]
    secondary_keys: Sequence[str]
    content: str
    constant: bool
    by_meaning: bool
    enabled: bool
