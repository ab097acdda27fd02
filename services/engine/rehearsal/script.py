"""Stand-ins of a rehearsal: a model that writes by the number, a stage without an audience."""

import itertools
import random
import re
from functools import cache
from importlib.resources import files
from uuid import UUID

from typing_extensions import override

from services.chat import Speaker
from services.engine.ports import Author, BoardStage
from services.engine.types import Enclosed, Spoken, Where
from services.llm import Caller, Completion, Request, Usage, estimate

_WORDS = re.compile(r"[Aa]bout (\d+) words")


@cache
def _words() -> list[str]:
    return (files("services.engine.rehearsal") / "words.txt").read_text("utf-8").split()


class Script(Author):
    """Writes as many words as it is asked for, never the same."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(f"{seed}:script")  # noqa: S311 - a script

    @override
    async def complete(
        self, request: Request, *, caller: Caller, fallback: str | None = None
    ) -> Completion:
        asked = _WORDS.search(request.messages[0].content)
        words = self._chance.choices(_words(), k=int(asked[1]) if asked else 8)
        read = sum(estimate(message.content) for message in request.messages)
        text = " ".join(words).capitalize() + "."
        usage = Usage(tokens_in=read, tokens_out=estimate(text))
        return Completion(text=text, model=request.model, usage=usage)


class Silence(BoardStage):
    """A stage without an audience."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    @override
    async def ready(self, where: Where) -> None:
        """It always is."""

    @override
    async def post(
        self,
        where: Where,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        post_id: UUID,
        picture: Enclosed | None = None,
    ) -> Spoken:
        return Spoken(message_ids=[next(self._ids)])

    @override
    async def comment(
        self, where: Where, speaker: Speaker, *, text: str, answering: int | None
    ) -> Spoken:
        return Spoken(message_ids=[next(self._ids)])

    @override
    async def find(
        self, where: Where, speaker: Speaker, *, title: str, text: str, answering: int | None
    ) -> Spoken | None:
        return None

    @override
    async def show_votes(
        self, where: Where, message_id: int, *, post_id: UUID, ups: int, downs: int, is_ours: bool
    ) -> None:
        """Nobody looks."""
