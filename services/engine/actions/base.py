"""What every action answers: what to do; where it speaks, how, and how to find what was said."""

from abc import ABC, abstractmethod
from typing import ClassVar
from uuid import UUID, uuid5

from db.models import ActionType, ActType
from services.engine.ports import ActStore, BoardAdapter
from services.engine.types import ActContent, ActContext, SentMessages
from services.engine.writing import Writer
from services.images import ImagePipeline

FOOTER = "\n-# 🎭 AI character"


class Action(ABC):
    """A kind of act, and everything there is to know of it.

    `kind` is what a task is to do, `action_type` what is recorded once it is done. `label` is the
    plural for counts, `colour` the one in plots. `weight` is its share of what personalities do
    of their own accord. `delay` is the `DELAY_*` window that `RHYTHM=uniform` draws from.
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
        """Whether it says something, and so is paid for."""
        return cls.is_post or cls.is_comment

    @abstractmethod
    async def write(self, notebook: ActStore, scene: ActContext) -> ActContent:
        """Return what to say, or how to vote.

        Raises:
            Skipped: Nothing that can be said.
        """


class SpeakingAction(Action):
    """An act that says something."""

    async def check(self, scene: ActContext) -> None:
        """See whether anything can be said on the board."""
        await self._adapter.check(scene.where)

    @abstractmethod
    async def send(self, scene: ActContext, words: ActContent) -> SentMessages:
        """Say it, once."""

    @abstractmethod
    async def find(self, scene: ActContext, words: ActContent) -> SentMessages | None:
        """Return what was said by an attempt that did not live to write it down."""


def result_id(task_id: UUID) -> UUID:
    """Return the id that what a task leaves on the board has, known before it is there."""
    return uuid5(task_id, "result")


def with_footer(words: ActContent) -> str:
    """Return what is seen: the words, marked as an AI's."""
    return words.text + FOOTER
