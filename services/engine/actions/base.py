"""What every action answers: what to do; where it speaks, how, and how to find what was said."""

from abc import ABC, abstractmethod
from uuid import UUID, uuid5

from services.engine.ports import BoardStage, Notebook
from services.engine.types import Scene, Spoken, Words
from services.engine.writing import Writer

FOOTER = "\n-# 🎭 AI character"


class Action(ABC):
    """One kind of act."""

    def __init__(self, writer: Writer, stage: BoardStage) -> None:
        self._writer = writer
        self._stage = stage

    @abstractmethod
    async def write(self, notebook: Notebook, scene: Scene) -> Words:
        """Return what to say, or how to vote.

        Raises:
            Skipped: Nothing that can be said.
        """


class Speaking(Action):
    """An act that says something."""

    async def ready(self, scene: Scene) -> None:
        """See whether anything can be said on the board."""
        await self._stage.ready(scene.where)

    @abstractmethod
    async def say(self, scene: Scene, words: Words) -> Spoken:
        """Say it, once."""

    @abstractmethod
    async def find(self, scene: Scene, words: Words) -> Spoken | None:
        """Return what was said by an attempt that did not live to write it down."""


def result_of(task_id: UUID) -> UUID:
    """Return the id that what a task leaves on the board has, known before it is there."""
    return uuid5(task_id, "result")


def shown(words: Words) -> str:
    """Return what is seen: the words, marked as an AI's."""
    return words.text + FOOTER
