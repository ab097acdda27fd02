"""What a tool is: a function that a model may call, and all that is to be known of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from services.access import Caller
from services.personalities import Personality
from services.types import Actor, Channel

A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """For whom an answer is written, and where.

    `caller` pays. With `is_remembered`, what is said there may be remembered; with `is_recalled`,
    what is remembered may be read. `is_new` is not set
    for another take of an answer, nor for who is incognito: nothing may come of these but words.
    Without `has_place`, the bot itself is not there. `history_from` is when the conversation begins
    that the model has before it.
    """

    actor: Actor
    channel: Channel
    personality: Personality
    user_id: UUID
    caller: Caller
    now: datetime
    history_from: datetime
    is_remembered: bool = False
    is_recalled: bool = False
    is_new: bool = True
    has_place: bool = True


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """What a tool tells the model, and what comes of it once the answer is sent.

    `memory` is then remembered, and a picture of what `picture` says is made.
    """

    text: str
    memory: str = ""
    picture: str = ""


class ToolFailed(Exception):
    """A tool cannot do what it is asked for; its text says why, to the model."""


class Tool(Generic[A]):
    """A tool. `name` is the function's and that in settings, `label` is what people read.

    `description` tells the model when to call it, with these `arguments`. It is offered unless a
    maker leaves it out, or without `is_default`, if they take it in. With `shows_arguments`,
    *Why this reply?* tells what it was called with.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    description: ClassVar[str]
    arguments: type[A]
    is_default: ClassVar[bool] = True
    shows_arguments: ClassVar[bool] = True

    @property
    def is_configured(self) -> bool:
        """Whether the settings have what it needs."""
        return True

    def is_offered(self, context: ToolContext) -> bool:
        """Whether it can be of use here, to this person."""
        raise NotImplementedError  # each tool says where it works

    async def run(self, context: ToolContext, arguments: A) -> ToolResult:
        """Do what it is for.

        Raises:
            DomainError: It could not be done.
            ToolFailed: It cannot be done like this.
        """
        raise NotImplementedError  # each tool does something else


AnyTool = Tool[Any]
