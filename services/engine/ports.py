"""What the engine needs from outside, in its own words."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar
from uuid import UUID

from services.engine.errors import Skipped
from services.engine.types import (
    ActContent,
    ActContext,
    BoardLocation,
    ImageAttachment,
    SentMessages,
)
from services.llm import Caller, Completion, Request
from services.types import Speaker

T = TypeVar("T")


class BoardAdapter(Protocol):
    """Where personalities speak by themselves.

    All methods raise `PlaceGone` when the place is, and `MayNotSpeak` when the bot may not.
    """

    async def check(self, where: BoardLocation) -> None:
        """See whether anything can be said on a board; fit for adults only where they are."""
        ...

    async def post(
        self,
        where: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        post_id: UUID,
        picture: ImageAttachment | None = None,
    ) -> SentMessages:
        """Begin a thread: a message with buttons to vote, in a forum a post with a title."""
        ...

    async def comment(
        self, where: BoardLocation, speaker: Speaker, *, text: str, answering: int | None
    ) -> SentMessages:
        """Speak in a post's thread, begun if there is none; `answering` is a message to link."""
        ...

    async def find(
        self,
        where: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        answering: int | None,
    ) -> SentMessages | None:
        """Return what was said here lately in exactly these words, or None."""
        ...

    async def show_votes(
        self,
        where: BoardLocation,
        message_id: int,
        *,
        post_id: UUID,
        ups: int,
        downs: int,
        is_ours: bool,
    ) -> None:
        """Show how many are for and against a post; on a person's, that somebody is for it."""
        ...


class Author(Protocol):
    """Who writes the words: a language model."""

    async def complete(
        self, request: Request, *, caller: Caller, fallback: str | None = None
    ) -> Completion:
        """Answer a prompt."""
        ...


class ActStore(Protocol):
    """What is known and kept of one act, whatever becomes of the process that does it."""

    async def begin(self) -> ActContext:
        """Look whether it may be done, reserve what it may cost, and return what it is about.

        Raises:
            Paused: The engine is.
            Skipped: It may not.
        """
        ...

    async def wait_for_rate_limit(self, scene: ActContext) -> None:
        """Wait until the model's vendor may be asked once more."""
        ...

    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        """Return what a step gives: from an earlier attempt, else by doing it."""
        ...

    async def step_output(self, name: str, shape: type[T]) -> T | None:
        """Return what a step has given, if it was done."""
        ...

    async def forget_step(self, name: str) -> None:
        """Let a step be done anew."""
        ...

    async def mark_sending(self) -> bool:
        """Write down that it is about to be said; return whether it may have been said before.

        Raises:
            Paused: The engine is.
            Skipped: It may not be said any more.
        """
        ...

    async def recheck(self) -> None:
        """Look once more whether it may be said.

        Raises:
            Paused: The engine is.
            Skipped: It may not.
        """
        ...

    async def record(
        self, scene: ActContext, words: ActContent, spoken: SentMessages | None
    ) -> None:
        """Write down what was done, and plan what follows from it."""
        ...

    async def skip(self, skipped: Skipped) -> None:
        """Leave it undone for good."""
        ...

    async def close_board(self, why: str) -> None:
        """Close the board, whose channel is gone; the act is left undone."""
        ...

    async def postpone(self) -> None:
        """Leave it for when the engine goes on."""
        ...
