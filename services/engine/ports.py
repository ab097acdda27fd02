"""Interfaces that the engine depends on."""

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
    """Sends and finds messages on boards.

    All methods raise `ChannelNotFound` if the channel is gone, and `MissingPermission` if the bot
    lacks a permission.
    """

    async def check(self, location: BoardLocation) -> None:
        """Check that messages can be sent; an age-restricted board needs such a channel."""
        ...

    async def post(
        self,
        location: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        post_id: UUID,
        picture: ImageAttachment | None = None,
    ) -> SentMessages:
        """Send a post with vote buttons; in a forum, with a title."""
        ...

    async def comment(
        self, location: BoardLocation, speaker: Speaker, *, text: str, answering: int | None
    ) -> SentMessages:
        """Send a comment in a post's thread, which is created if there is none.

        `answering` is the id of a message to link to.
        """
        ...

    async def find(
        self,
        location: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        answering: int | None,
    ) -> SentMessages | None:
        """Return a recent message with exactly this content, or None."""
        ...

    async def show_votes(
        self,
        location: BoardLocation,
        message_id: int,
        *,
        post_id: UUID,
        ups: int,
        downs: int,
        is_ours: bool,
    ) -> None:
        """Show the votes of a post; on a person's post, only that there is an upvote."""
        ...


class Author(Protocol):
    """A language model that generates texts."""

    def is_small(self, model: str) -> bool:
        """Whether a model is too small to follow an ordinary prompt."""
        ...

    async def complete(
        self, request: Request, *, caller: Caller, fallback: str | None = None
    ) -> Completion:
        """Return the completion of a request."""
        ...


class ActStore(Protocol):
    """The durable state of one act, which survives the process that executes it."""

    async def begin(self) -> ActContext:
        """Check the policy, reserve the maximum cost, and return the act's context.

        Raises:
            EnginePaused: The engine is paused.
            Skipped: The policy refuses the act.
        """
        ...

    async def acquire_request_slot(self, context: ActContext) -> None:
        """Wait until the rate limit of the model's vendor allows another request."""
        ...

    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        """Return a step's output: from an earlier attempt, or by running `function`."""
        ...

    async def step_output(self, name: str, shape: type[T]) -> T | None:
        """Return a step's output, if the step is done."""
        ...

    async def forget_step(self, name: str) -> None:
        """Delete a step's output, so that it runs again."""
        ...

    async def mark_sending(self) -> bool:
        """Record that it is about to be sent; return whether it may have been sent before.

        Raises:
            EnginePaused: The engine is paused.
            Skipped: The policy refuses the act.
        """
        ...

    async def recheck(self) -> None:
        """Check again that it may be sent.

        Raises:
            EnginePaused: The engine is paused.
            Skipped: The policy refuses the act.
        """
        ...

    async def record(
        self, context: ActContext, content: ActContent, sent: SentMessages | None
    ) -> None:
        """Store the result, and plan the reactions to it."""
        ...

    async def skip(self, skipped: Skipped) -> None:
        """Skip the act for good."""
        ...

    async def close_board(self, reason: str) -> None:
        """Close the board, whose channel is gone, and skip the act."""
        ...

    async def postpone(self) -> None:
        """Return the act to the pending ones, for when the engine is resumed."""
        ...
