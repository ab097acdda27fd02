"""A day of many people and a few hostile ones, for a process that serves a part of the servers."""

import asyncio
import itertools
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from typing_extensions import override

from db.session import connect
from services.access import Budgets, BudgetSettings, Limits
from services.chat import ChatService, ConversationWriter, ReplyGenerator
from services.clock import SystemClock
from services.embeddings import HashedWordsEmbedder
from services.llm import ConfiguredVendor, LanguageModels, Ledger, Price, background_calls
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from services.types import Channel, IncomingMessage, Speaker, Venue
from tests.fakes import FakeChatAdapter, HandClock, Notices

START = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)
PRICE = Price(10, 10, 30)
# One person in twenty is hostile, as 50 among 1,000.
PEOPLE, HOSTILE, SERVERS, BUDGET_USD = 40, 2, 4, 3.0
BURST, BURSTS, ASKS = 3, 8, 2
NOT_LET_IN = "Zed"


@dataclass(frozen=True)
class Event:
    """Somebody says something at a part of the day, in a channel of their own in a server."""

    at: float
    person: int
    text: str

    @property
    def server(self) -> int:
        return self.person % SERVERS + 1


def events(seed: int, *, with_hostile: bool = True) -> list[Event]:
    """Return what everybody says; the hostile never pause and write long texts."""
    rng = random.Random(seed)
    said = [
        Event(rng.random(), person, f"@Mirela how is the fog {number}?")
        for person in range(HOSTILE + 1, PEOPLE + 1)
        for number in range(ASKS)
    ]
    said += [
        Event(rng.random(), person, f"@{NOT_LET_IN} are you there?")
        for person in range(HOSTILE + 1, PEOPLE + 1, 5)
    ]
    if with_hostile:
        said += [
            Event(
                (burst + number / 1000) / BURSTS,
                person,
                f"@Mirela @Bex {number} {'lantern ' * 200}",
            )
            for person in range(1, HOSTILE + 1)
            for burst in range(BURSTS)
            for number in range(BURST)
        ]
    return sorted(said, key=lambda each: each.at)


class CountingAdapter(FakeChatAdapter):
    """Counts the answers to each person, and those of a personality that was not let in."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: Counter[int] = Counter()
        self.trespasses = 0
        self._ids = itertools.count(1)

    @override
    async def send(
        self, channel: Channel, speaker: Speaker, text: str, *, line_id: UUID
    ) -> list[int]:
        self.answered[channel.channel_id] += 1
        self.trespasses += speaker.name == NOT_LET_IN
        return [10**12 + channel.channel_id * 10**6 + next(self._ids)]


async def live(url: str, vendor_url: str, part: int, parts: int) -> None:
    """Live through the day of a part of the servers, and print how many answers people got."""
    clock, adapter = HandClock(START), CountingAdapter()
    async with connect(url) as sessions, background_calls() as background:
        texts = OpenAICompatible("openai", api_key="x", base_url=vendor_url, dialect=Dialect())
        budgets = Budgets(sessions, BudgetSettings(all=Limits(BUDGET_USD)), clock)
        models = LanguageModels(
            Ledger(sessions, {"openai/gpt-6-luna": PRICE}, budgets),
            background,
            {"openai": ConfiguredVendor(texts, "gpt-6-luna")},
        )
        embedder = HashedWordsEmbedder()
        generator = ReplyGenerator(sessions, models, embedder, SystemClock())
        writer = ConversationWriter(sessions, embedder)
        chat = ChatService(sessions, generator, writer, adapter, Notices())
        mine = [each for each in events(1) if each.server % parts == part]
        for number, together in enumerate(_at_once(mine)):
            clock.at = START + together[0].at * DAY
            await asyncio.gather(
                *(
                    chat.handle_message(_message(event, 1000 * number + index, clock.at))
                    for index, event in enumerate(together)
                )
            )
        await texts.close()
    print(json.dumps({"answered": adapter.answered, "trespasses": adapter.trespasses}))  # noqa: T201


def _at_once(said: list[Event], count: int = 4) -> list[list[Event]]:
    return [said[start : start + count] for start in range(0, len(said), count)]


def _message(event: Event, number: int, at: datetime) -> IncomingMessage:
    return IncomingMessage(
        message_id=event.person * 10**7 + number,
        channel=Channel(channel_id=event.person, guild_id=event.server, venue=Venue.PUBLIC),
        author_id=event.person,
        author_name=f"person {event.person}",
        content=event.text,
        created_at=at + timedelta(seconds=2 * number),  # not in one breath
    )


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
