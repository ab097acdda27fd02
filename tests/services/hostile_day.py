"""A day of many people and a few hostile ones, for a process that serves a part of the servers."""

import asyncio
import itertools
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import BaseModel
from typing_extensions import override

from db.session import connect
from services.access import Budgets, BudgetSettings, Limits
from services.chat import (
    AnswerSlots,
    ChatService,
    ConversationWriter,
    Page,
    ReplyGenerator,
    TurnChooser,
)
from services.clock import SystemClock
from services.embeddings import HashedWordsEmbedder
from services.llm import ConfiguredVendor, LanguageModels, Ledger, Price, background_calls
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from services.types import Channel, IncomingMessage, Speaker, Venue
from tests.conftest import ROOT
from tests.fakes import FakeChatAdapter, HandClock, Notices, no_faces, no_voice

START = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)
NOT_LET_IN = "Zed"
# What is said within two minutes is said at once, as nothing else passes in so short a test.
_AT_ONCE = timedelta(minutes=2) / DAY


@dataclass(frozen=True, kw_only=True)
class Day:
    """How many people there are on how many servers, and what they do in a day.

    The first ones are hostile: they never pause, and write long texts in bursts.
    """

    people: int
    hostile: int
    servers: int
    budget_usd: float
    price: Price
    asks: int = 2
    burst: int = 8
    bursts: int = 6

    @property
    def innocents(self) -> range:
        """Return the people who are not hostile."""
        return range(self.hostile + 1, self.people + 1)

    def events(self, *, with_hostile: bool = True) -> list["Event"]:
        """Return what everybody says, in order."""
        rng = random.Random(1)
        said = [
            Event(rng.random(), person, f"@Mirela how is the fog {number}?")
            for person in self.innocents
            for number in range(self.asks)
        ]
        said += [
            Event(rng.random(), person, f"@{NOT_LET_IN} are you there?")
            for person in self.innocents[::5]
        ]
        for person in range(1, self.hostile + 1) if with_hostile else ():
            for _ in range(self.bursts):
                at = rng.random()
                said += [
                    Event(at, person, f"@Mirela {number} {'lantern ' * 200}")
                    for number in range(self.burst)
                ]
        return sorted(said, key=lambda each: each.at)


# One person in twenty is hostile. The price of the small one is high, so that its budget is spent.
DAYS = {
    "small": Day(
        people=40, hostile=2, servers=4, budget_usd=3.0, price=Price(10, 10, 30), burst=3, bursts=8
    ),
    "full": Day(people=1000, hostile=50, servers=20, budget_usd=1.0, price=Price(0.10, 0.01, 0.50)),
}


@dataclass(frozen=True)
class Event:
    """Somebody says something at a part of the day, in a channel of their own in a server."""

    at: float
    person: int
    text: str


class Part(BaseModel):
    """What happened in a part of the servers: answers by person, and how long innocents waited."""

    answered: dict[int, int]
    trespasses: int
    seconds: list[float]


async def live_through(url: str, vendor_url: str, day: str, *, with_hostile: bool = True) -> Part:
    """Live through a day with two processes; return what happened in all."""
    parts = await asyncio.gather(
        *(_process(url, vendor_url, day, part, with_hostile=with_hostile) for part in range(2))
    )
    answered: Counter[int] = Counter()
    for part in parts:
        answered.update(part.answered)
    return Part(
        answered=answered,
        trespasses=sum(part.trespasses for part in parts),
        seconds=[each for part in parts for each in part.seconds],
    )


async def _process(url: str, vendor_url: str, day: str, part: int, *, with_hostile: bool) -> Part:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, url, vendor_url, day, str(part), str(int(with_hostile))),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return Part.model_validate_json(output)


class CountingAdapter(FakeChatAdapter):
    """Counts the answers to each person, and those of a personality that was not let in."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: Counter[int] = Counter()
        self.trespasses = 0
        self._ids = itertools.count(1)

    @override
    async def send(
        self,
        channel: Channel,
        speaker: Speaker,
        text: str,
        *,
        line_id: UUID,
        page: Page | None = None,
    ) -> list[int]:
        self.answered[channel.channel_id] += 1
        self.trespasses += speaker.name == NOT_LET_IN
        return [10**12 + channel.channel_id * 10**6 + next(self._ids)]


async def _live(url: str, vendor_url: str, day: Day, part: int, *, with_hostile: bool) -> Part:
    """Live through the day of a half of the servers."""
    clock, adapter = HandClock(START), CountingAdapter()
    seconds: list[float] = []
    async with connect(url) as sessions, background_calls() as background:
        texts = OpenAICompatible("openai", api_key="x", base_url=vendor_url, dialect=Dialect())
        budgets = Budgets(sessions, BudgetSettings(all=Limits(day.budget_usd)), clock)
        models = LanguageModels(
            Ledger(sessions, {"openai/gpt-6-luna": day.price}, budgets),
            background,
            {"openai": ConfiguredVendor(texts, "gpt-6-luna")},
        )
        embedder = HashedWordsEmbedder()
        generator = ReplyGenerator(sessions, models, embedder, SystemClock())
        writer = ConversationWriter(sessions, embedder)
        chat = ChatService(
            *(sessions, generator, writer, adapter, Notices(), no_faces(sessions), background),
            no_voice(sessions, models),
            TurnChooser(sessions, embedder),
            AnswerSlots(),
        )

        async def say(event: Event, number: int) -> None:
            started = time.perf_counter()
            guild_id = event.person % day.servers + 1
            await chat.handle_message(_message(event, guild_id, number, clock.at))
            if event.person > day.hostile:
                seconds.append(time.perf_counter() - started)

        said = day.events(with_hostile=with_hostile)
        mine = [each for each in said if each.person % day.servers % 2 == part]
        numbers = itertools.count()
        for slot, together in itertools.groupby(mine, key=lambda each: each.at // _AT_ONCE):
            clock.at = START + slot * _AT_ONCE * DAY
            await asyncio.gather(*(say(event, next(numbers)) for event in together))
        await texts.close()
    return Part(answered=adapter.answered, trespasses=adapter.trespasses, seconds=seconds)


def _message(event: Event, guild_id: int, number: int, at: datetime) -> IncomingMessage:
    return IncomingMessage(
        message_id=event.person * 10**7 + number,
        channel=Channel(channel_id=event.person, guild_id=guild_id, venue=Venue.PUBLIC),
        author_id=event.person,
        author_name=f"person {event.person}",
        content=event.text,
        created_at=at + timedelta(seconds=2 * number),  # not in one breath
    )


if __name__ == "__main__":
    url, vendor_url, name, number, with_hostile = sys.argv[1:]
    living = _live(url, vendor_url, DAYS[name], int(number), with_hostile=with_hostile == "1")
    print(asyncio.run(living).model_dump_json())  # noqa: T201
