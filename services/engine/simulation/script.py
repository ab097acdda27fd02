"""Stand-ins for a simulation: a scripted language model and a null adapter."""

import itertools
import random
import re
from functools import cache
from importlib.resources import files
from uuid import UUID

from typing_extensions import override

from services.engine.ports import Author, BoardAdapter
from services.engine.types import BoardLocation, ImageAttachment, SentMessages
from services.llm import Caller, Completion, Request, Usage, estimate
from services.types import Speaker

_WORDS = re.compile(r"[Aa]bout (\d+) words")


@cache
def _words() -> list[str]:
    return (files("services.engine.simulation") / "words.txt").read_text("utf-8").split()


class ScriptedAuthor(Author):
    """Returns as many random words as the prompt asks for."""

    def __init__(self, seed: str) -> None:
        self._rng = random.Random(f"{seed}:script")  # noqa: S311 - a script

    @override
    def is_small(self, model: str) -> bool:
        return False

    @override
    async def complete(
        self, request: Request, *, caller: Caller, fallback: str | None = None
    ) -> Completion:
        match = _WORDS.search(request.messages[0].content)
        words = self._rng.choices(_words(), k=int(match[1]) if match else 8)
        tokens_in = sum(estimate(message.content) for message in request.messages)
        text = " ".join(words).capitalize() + "."
        usage = Usage(tokens_in=tokens_in, tokens_out=estimate(text))
        return Completion(text=text, model=request.model, usage=usage)


class NullBoardAdapter(BoardAdapter):
    """An adapter that sends nothing."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    @override
    async def check(self, location: BoardLocation) -> None:
        """Do nothing: messages can always be sent."""

    @override
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
        return SentMessages(message_ids=[next(self._ids)])

    @override
    async def comment(
        self, location: BoardLocation, speaker: Speaker, *, text: str, answering: int | None
    ) -> SentMessages:
        return SentMessages(message_ids=[next(self._ids)])

    @override
    async def find(
        self,
        location: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        answering: int | None,
    ) -> SentMessages | None:
        return None

    @override
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
        """Do nothing."""
