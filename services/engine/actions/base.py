"""What every action answers: what to do; where it speaks, how, and how to find what was said."""

from abc import ABC, abstractmethod
from uuid import UUID, uuid5

from services.engine.ports import ActStore, BoardAdapter
from services.engine.types import ActContent, ActContext, SentMessages
from services.engine.writing import Writer

FOOTER = "\n-# 🎭 AI character"


class Action(ABC):
    """One kind of act."""

    def __init__(self, writer: Writer, stage: BoardAdapter) -> None:
        self._writer = writer
        self._stage = stage

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
        await self._stage.check(scene.where)

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
