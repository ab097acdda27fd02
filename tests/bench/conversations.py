"""Conversations of whole processes: a bot, a Discord and a model on loopback, and who asks."""

import json
import random
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import psutil

from tests.bench.chat import sentence
from tests.vendors.discord import ALICE_ID, DiscordStandIn
from tests.vendors.discord.processes import bot_process
from tests.vendors.openai import Body, OpenAIStandIn

_NUMBER = re.compile(r"\bq(\d+)\b")
_END = re.compile(r" e(\d+)\b")


@dataclass(frozen=True)
class Turn:
    """What a bot took for a turn, in milliseconds: until it asked the model, and afterwards."""

    before: float
    after: float

    @property
    def whole(self) -> float:
        """Return what it took beside the model."""
        return self.before + self.after


@dataclass
class Conversations:
    """People who talk with a bot that is a process of its own."""

    discord: DiscordStandIn
    openai: OpenAIStandIn
    process: psutil.Process
    words: int = 0
    _random: random.Random = field(default_factory=lambda: random.Random(5))
    _said_at: dict[int, float] = field(default_factory=dict[int, float])
    _shown_at: dict[int, float] = field(default_factory=dict[int, float])
    _answers: dict[int, str] = field(default_factory=dict[int, str])
    _looked_at: int = 0

    async def turn(
        self, channel_id: int, *, author_id: int = ALICE_ID, words: tuple[int, int] = (4, 14)
    ) -> Turn:
        """Call Mirela, and wait until the whole answer is shown."""
        number = len(self._said_at) + 1
        self._said_at[number] = time.perf_counter()
        text = f"@Mirela q{number} {sentence(self._random, *words)}"
        await self.discord.say(channel_id, text, author_id=author_id)
        await self.discord.until(lambda: self._is_shown(number), seconds=120)
        answer = self._answers[number]
        return Turn(
            before=(self.openai.asked_at[answer] - self._said_at[number]) * 1000,
            after=(self._shown_at[number] - self.openai.ended_at[answer]) * 1000,
        )

    def look_on(self) -> None:
        """Leave out what was shown before."""
        self._looked_at = len(self.discord.shown)

    def _is_shown(self, number: int) -> bool:
        for shown in self.discord.shown[self._looked_at :]:
            if shown.is_whole and (found := _END.search(shown.text)):
                self._shown_at.setdefault(int(found[1]), shown.at)
        self._looked_at = len(self.discord.shown)
        return number in self._shown_at

    def answer(self, body: Body) -> str:
        """Return the model's answer, which has the number of what is asked at its end."""
        asked = body["messages"][-1]["content"]
        number = int(_NUMBER.findall(asked if isinstance(asked, str) else asked[0]["text"])[-1])
        words = sentence(self._random) if not self.words else self._written()
        self._answers[number] = f"{words} e{number}"
        return self._answers[number]

    def _written(self) -> str:
        return " ".join(
            "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz", k=4))
            for _ in range(self.words)
        )


@asynccontextmanager
async def conversations(
    arguments: Sequence[str],
    discord: DiscordStandIn,
    openai: OpenAIStandIn,
    environment: Mapping[str, str],
) -> AsyncGenerator[Conversations]:
    """Run a bot, and let people talk with it."""
    async with bot_process(arguments, discord, environment) as process:
        talk = Conversations(discord, openai, psutil.Process(process.pid))
        talk.look_on()
        openai.answer = talk.answer
        yield talk


def prefix_share(prompts: Sequence[Body]) -> float:
    """Return the share of all prompts but the first that is a prefix of the one before it."""
    written = [json.dumps(each["messages"], ensure_ascii=False) for each in prompts]
    shared = sum(_common(a, b) for a, b in pairwise(written))
    return shared / sum(map(len, written[1:]))


def _common(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
