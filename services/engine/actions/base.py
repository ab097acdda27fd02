"""Base classes of actions."""

from abc import ABC, abstractmethod
from typing import ClassVar
from uuid import UUID, uuid5

from db.models import ActionType, ActType
from services.engine.ports import ActStore, BoardAdapter
from services.engine.types import ActContent, ActContext, SentMessages
from services.engine.writing import Writer
from services.images import ImagePipeline

FOOTER = "\n-# 🎭 AI character"
_REHEARSED = " · written in advance"


class Action(ABC):
    """A kind of act, with everything that is specific to it.

    `kind` is the type of the task, `action_type` the type recorded when it is done. `label` is the
    plural for counts, `colour` the colour in plots. `weight` is its share of spontaneous acts.
    `delay` names the `DELAY_*` window that `RHYTHM=uniform` draws from.
    """

    kind: ClassVar[ActType]
    action_type: ClassVar[ActionType]
    label: ClassVar[str]
    colour: ClassVar[str]
    weight: ClassVar[float] = 0
    delay: ClassVar[str]
    is_post: ClassVar[bool] = False
    is_comment: ClassVar[bool] = False
    needs_pictures: ClassVar[bool] = False

    def __init__(
        self, writer: Writer, adapter: BoardAdapter, pipeline: ImagePipeline | None = None
    ) -> None:
        self._writer = writer
        self._adapter = adapter
        self._pipeline = pipeline

    @classmethod
    def speaks(cls) -> bool:
        """Whether it sends a generated text, which costs money."""
        return cls.is_post or cls.is_comment

    @abstractmethod
    async def write(self, store: ActStore, context: ActContext) -> ActContent:
        """Return the text to send, or the vote.

        Raises:
            Skipped: No text passed the checks.
        """


class SpeakingAction(Action):
    """An action that sends a message."""

    async def check(self, context: ActContext) -> None:
        """Check that messages can be sent on the board."""
        await self._adapter.check(context.location)

    @abstractmethod
    async def send(self, context: ActContext, content: ActContent) -> SentMessages:
        """Send the content once."""

    @abstractmethod
    async def find(self, context: ActContext, content: ActContent) -> SentMessages | None:
        """Return the messages of an earlier attempt that were sent but not stored, or None."""


def result_id(task_id: UUID) -> UUID:
    """Return the id of the post or comment that a task creates, known in advance."""
    return uuid5(task_id, "result")


def with_footer(content: ActContent) -> str:
    """Return the text with the footer that marks it as an AI's."""
    return content.text + FOOTER + (_REHEARSED if content.is_rehearsed else "")
