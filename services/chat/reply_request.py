"""What a personality should answer, and to whom it is shown while it is written."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from db.models import ConversationLine, Personality, User
from services.chat.greetings import Greeting
from services.chat.postprocess import Cleaner
from services.chat.prompt import Reworked
from services.chat.seeing import Pictures
from services.llm import TextListener
from services.types import Actor, Channel


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What is known of an answer before its first word: who says it to whom, after what greeting.

    `is_streamed` is whether it may be shown before it is whole. Without `has_faces` it is known
    that the personality has none.
    """

    personality: Personality
    user: User
    greeting: Greeting | None
    is_streamed: bool = True
    has_faces: bool = True


class ReplyStream(TextListener, Protocol):
    """Whoever shows an answer while it is written."""

    @property
    def text(self) -> str:
        """Return what the model has written so far."""
        ...

    def open(self, opening: Opening) -> None:
        """Let the answer be shown from now on."""
        ...

    def clean_with(self, cleaner: Cleaner) -> None:
        """Set what cleans the next attempt of the model."""
        ...

    def keep(self, text: str) -> None:
        """Begin the next attempt after this text."""
        ...

    async def wait_until_stopped(self) -> None:
        """Wait until somebody who may has stopped the answer."""
        ...


@dataclass(frozen=True, kw_only=True)
class ReplyRequest:
    """What a personality should answer.

    `lines` are pending lines that are not in the history yet. `regenerated_line` is the line that
    is answered again: the history ends before it. `avoid` are answers not to repeat, `reworked` one
    that is to be changed or continued. `namesakes` finds members and roles here whose name looks
    like another, `is_blocked` tells what the server blocks. `caused_by` is who pays, if not the
    actor, `called_as` the name or alias that it was called by. `reactions` counts those to
    messages, `stream` shows the answer while it is written. `picture` is what a picture shows that
    follows it anyway. Without `has_place` it is given where the bot is not.
    """

    personality_id: UUID
    actor: Actor
    channel: Channel
    text: str
    pictures: Pictures | None = None
    lines: Sequence[ConversationLine] = ()
    regenerated_line: ConversationLine | None = None
    avoid: Sequence[str] = ()
    namesakes: Callable[[str], Awaitable[frozenset[int]]] | None = None
    is_blocked: Callable[[str], Awaitable[bool]] | None = None
    reworked: Reworked | None = None
    caused_by: Actor | None = None
    called_as: str | None = None
    reactions: Callable[[Sequence[int]], Mapping[str, int]] | None = None
    stream: ReplyStream | None = None
    picture: str = ""
    has_place: bool = True
