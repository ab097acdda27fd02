"""What a message is made of beside its text: each kind of part, and what a model is shown of it.

What is shown stands between marks that nobody can type: they are taken out of everything else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, Self

from typing_extensions import override

from services.texts import on_one_line, shorten

_OPEN, _CLOSE = "⟦", "⟧"
_DEFUSED = str.maketrans(_OPEN + _CLOSE, "[]")
_NAME_LENGTH = 80
REDACTED: Final = "[someone]"
# Of any part: the longest with its marks, and what it says of itself.
MAX_SHOWN: Final = 2100


def mark(text: str) -> str:
    """Return a text as what the chat adds, and nobody has typed."""
    return f"{_OPEN}{defuse(text)}{_CLOSE}"


def defuse(text: str) -> str:
    """Return a text in which nothing looks like a mark."""
    return text.translate(_DEFUSED)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """An attachment of a message, not downloaded yet.

    `alt` is what its sender says that it shows, `seconds` how long a recording is said to be. The
    `size` of a picture that is shown with a message is not known: 0.
    """

    name: str
    media_type: str
    size: int
    url: str
    alt: str = ""
    seconds: float | None = None

    def describe(self) -> str:
        """Return what it is, in one line, to whoever cannot look at it."""
        if self.seconds is not None:
            return f"a voice message of {self.seconds:.0f} seconds"
        return f"attached: {self.name}"


@dataclass(frozen=True, kw_only=True)
class MessagePart:
    """A part of a message.

    `author_id` is whose words its `text` has, if they are not the sender's; `mentions` maps Discord
    ids in the text to names. `pictures` are what it shows. `max_length` is how many characters
    of it a model is shown; with `stands_first` that is before the text of the message.
    """

    max_length: ClassVar[int] = 300
    stands_first: ClassVar[bool] = False

    author_id: int | None = None
    text: str = ""
    mentions: Mapping[int, str] = field(default_factory=dict[int, str])
    pictures: tuple[Attachment, ...] = ()

    def describe(self) -> str:
        """Return what the part is, in one line."""
        raise NotImplementedError  # each kind says what it is

    def show(self) -> str:
        """Return what a model is shown."""
        return mark(self.describe())

    def with_text(self, convert: Callable[[str], str]) -> Self:
        """Return the part with its text converted."""
        return replace(self, text=convert(self.text))

    def hidden(self) -> "MessagePart":
        """Return the part without the words of its author."""
        return self

    def stored(self) -> "MessagePart":
        """Return what is kept of it: not the words of others, who may delete or edit them."""
        return self

    def _cut(self, text: str) -> str:
        return shorten(on_one_line(text), self.max_length)


@dataclass(frozen=True, kw_only=True)
class Reply(MessagePart):
    """What a message answers; without an author it is gone."""

    stands_first: ClassVar[bool] = True

    author_name: str | None

    @override
    def describe(self) -> str:
        if self.author_name is None:
            return "answers a message that is gone"
        name, text = self.author_name, self._cut(self.text)
        answered = f"answers {shorten(on_one_line(name), _NAME_LENGTH)}"
        return f"{answered}: {text}" if text else answered

    @override
    def hidden(self) -> MessagePart:
        return replace(self, author_name=REDACTED, text="", pictures=())

    @override
    def stored(self) -> MessagePart:
        return replace(self, text="")


@dataclass(frozen=True, kw_only=True)
class Link(MessagePart):
    """A message that a link leads to; without an author it may not be read here."""

    max_length: ClassVar[int] = 1000

    author_name: str | None

    @override
    def describe(self) -> str:
        if self.author_name is None:
            return "links to something that cannot be read here"
        name = shorten(on_one_line(self.author_name), _NAME_LENGTH)
        return f"links to a message of {name}: {self._cut(self.text)}"

    @override
    def hidden(self) -> MessagePart:
        return Link(author_name=None)


@dataclass(frozen=True, kw_only=True)
class Forward(MessagePart):
    """A message from elsewhere, whose author Discord does not tell."""

    max_length: ClassVar[int] = 2000
    stands_first: ClassVar[bool] = True

    @override
    def describe(self) -> str:
        text = self._cut(self.text)
        return f"forwards: {text}" if text else "forwards a message without text"


@dataclass(frozen=True, kw_only=True)
class Cue(MessagePart):
    """What somebody does by a command instead of saying something."""

    max_length: ClassVar[int] = 700

    @override
    def describe(self) -> str:
        return self._cut(self.text)


@dataclass(frozen=True, kw_only=True)
class Sticker(MessagePart):
    """A sticker, by its name."""

    name: str

    @override
    def describe(self) -> str:
        return f"sticker: {self._cut(self.name)}"


@dataclass(frozen=True, kw_only=True)
class VoiceMessage(MessagePart):
    """A recording, `seconds` long, with what is said in it as its `text`.

    Without text it was not heard, because of `unheard`. `is_cut` is whether it is longer than what
    was heard, `is_forwarded` whether it may be somebody else's.
    """

    max_length: ClassVar[int] = 3000

    seconds: float
    unheard: str = ""
    is_cut: bool = False
    is_forwarded: bool = False

    @override
    def describe(self) -> str:
        what = "a recording of somebody" if self.is_forwarded else "a voice message"
        if self.is_cut:
            return f"{what}, of which only the first {self.seconds:.0f} seconds were heard"
        length = f"{what} of {self.seconds:.0f} seconds" if self.seconds else what
        return length if self.text else f"{length}, {self.unheard or 'which was not heard'}"

    @override
    def show(self) -> str:
        return f"{mark(self.describe())} {defuse(self._cut(self.text))}".rstrip()

    @override
    def stored(self) -> MessagePart:
        if not self.is_forwarded:
            return self  # they are the sender's own words
        return replace(self, text="", unheard="which somebody else has recorded")


@dataclass(frozen=True, kw_only=True)
class Poll(MessagePart):
    """A poll: each answer with its votes, where they are known."""

    max_length: ClassVar[int] = 900

    question: str
    answers: tuple[tuple[str, int | None], ...]
    is_open: bool

    @override
    def describe(self) -> str:
        answers = " · ".join(
            text if votes is None else f"{text} ({votes})" for text, votes in self.answers
        )
        state = "open" if self.is_open else "closed"
        return self._cut(f"{state} poll: {self.question} — {answers}")


@dataclass(frozen=True, kw_only=True)
class Card(MessagePart):
    """What an app shows in components."""

    max_length: ClassVar[int] = 1500

    @override
    def describe(self) -> str:
        return f"shows: {self._cut(self.text)}"


@dataclass(frozen=True, kw_only=True)
class Embed(MessagePart):
    """A card of a link, or of an app."""

    max_length: ClassVar[int] = 500

    title: str

    @override
    def describe(self) -> str:
        both = ": ".join(part for part in (self.title, self.text) if part.strip())
        return f"preview: {self._cut(both)}"
