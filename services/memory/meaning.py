"""What a model makes of memories and questions, which the operator has chosen to find them by."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.access import BudgetSpent, Caller
from services.embeddings import (
    EmbedderFailed,
    EmbedderMisconfigured,
    EmbedderUnavailable,
    MemoryEmbedder,
)
from services.memory.questions import ModelMeaning, Question, is_english

log = logging.getLogger(__name__)

PURPOSE = "memory"
_MIN_SPAN = 0.01
_MAX_WAIT = 2  # seconds that a reply waits for the meaning of its question
# Questions with what answers them, in ten languages: how alike a model finds these, and those that
# have nothing to do with each other, tells what its numbers mean.
_SAMPLES = (
    ("What is my cat called?", "My cat is called Biscuit, she is two years old."),
    ("Where did I go on holiday?", "We spent two weeks in a small house by the sea."),
    ("Wann ist die Hochzeit?", "Meine Schwester heiratet im Juni, wir freuen uns alle."),
    ("¿Qué instrumento toco?", "Empecé a tomar clases de violín los martes por la tarde."),
    ("Какая у меня аллергия?", "Мне нельзя арахис, врач сказал, что это опасно."),
    ("Qu'est-ce que je veux faire plus tard ?", "Un jour je voudrais ouvrir une librairie."),
    ("Em que trabalha o meu irmão?", "O meu irmão é bombeiro há dez anos."),
    ("私の好きな食べ物は何ですか。", "昨日食べたラーメンが一番好きです。"),
    ("我的生日是哪一天？", "我是三月八日出生的，每年都和家人一起庆祝。"),
    ("내 차는 무슨 색이야?", "지난주에 파란색 자동차를 샀어."),
    ("מה אני לומד?", "השנה התחלתי ללמוד ביולוגיה באוניברסיטה."),
)


@dataclass(frozen=True)
class Likeness:
    """How alike two texts are that have nothing to do with each other; how much more, if they do.

    Both are cosines.
    """

    unlike: float
    span: float


class MeaningModel:
    """Adds to questions what a model makes of them, if there is one.

    Unless it `knows_all`, English is left to the word vectors, which know nothing else.
    """

    def __init__(self, embedder: MemoryEmbedder | None = None, *, knows_all: bool = True) -> None:
        self._embedder = embedder
        self.knows_all = knows_all
        self._measuring: asyncio.Task[Likeness] | None = None

    @property
    def name(self) -> str | None:
        """Return the name of the model, or None if there is none."""
        return self._embedder.name if self._embedder else None

    def reads(self, text: str) -> bool:
        """Whether a text is one for the model."""
        return self.knows_all or not is_english(text)

    async def read(self, texts: Sequence[str], *, caller: Caller) -> list[list[float]]:
        """Return the vectors of memories.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable: As of the embedder.
        """
        assert self._embedder is not None  # noqa: S101 - callers ask for its name
        return await self._embedder.embed(texts, caller=caller)

    async def add_to(self, question: Question, *, caller: Caller) -> Question:
        """Return a question with what the model makes of it, or as it is if the model fails."""
        if self._embedder is None or not self.reads(question.text):
            return question
        try:
            async with asyncio.timeout(_MAX_WAIT):
                # It goes on where this question no longer waits for it.
                likeness = await asyncio.shield(self._measured(caller))
                (vector,) = await self._embedder.embed(
                    [question.text], caller=caller, are_questions=True
                )
        except (
            *(BudgetSpent, EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable),
            TimeoutError,
        ) as error:
            log.warning("Memories are searched without a model: %s", type(error).__name__)
            return question
        meaning = ModelMeaning(
            embedder=self._embedder.name,
            embedding=vector,
            unlike=likeness.unlike,
            span=likeness.span,
        )
        return replace(question, model_meaning=meaning)

    def _measured(self, caller: Caller) -> asyncio.Task[Likeness]:
        """Return the task that finds out what the model's numbers mean, begun anew if it failed."""
        task = self._measuring
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._measuring = asyncio.create_task(self._measure(caller))
        return task

    async def _measure(self, caller: Caller) -> Likeness:
        assert self._embedder is not None  # noqa: S101 - as above
        questions, answers = zip(*_SAMPLES, strict=True)
        asked = await self._embedder.embed(questions, caller=caller, are_questions=True)
        answered = await self._embedder.embed(answers, caller=caller)
        return _compare(np.array(asked), np.array(answered))


def _compare(questions: np.ndarray, answers: np.ndarray) -> Likeness:
    cosines = (questions @ answers.T) / np.outer(
        np.linalg.norm(questions, axis=1), np.linalg.norm(answers, axis=1)
    )
    alike = np.eye(len(questions), dtype=bool)
    unlike = float(cosines[~alike].mean())
    return Likeness(unlike, max(float(cosines[alike].mean()) - unlike, _MIN_SPAN))
