"""When the first words of an answer are seen, on a Discord of its own that enforces its limits."""

import asyncio
import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy import update

from db.models import ServerPolicy
from db.session import connect
from tests.bench.measure import Measure, percentile
from tests.vendors.discord import ALICE_ID, BOB_ID, DM_ID, GUILD_ID, DiscordStandIn, Shown
from tests.vendors.discord.processes import bot_process, troupe
from tests.vendors.openai import Body, OpenAIStandIn

PACE = 0.02  # seconds a token
_TURNS = 5  # in a channel, a thread and a DM
_CROWD = 20  # channels at once
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NUMBER = re.compile(r"\bq(\d+)\b")


def answer(body: Body, *, words: int = 100) -> str:
    """Return an answer that can be told from others by its number; a clause has eight words."""
    asked = body["messages"][-1]["content"]
    number = _NUMBER.findall(asked if isinstance(asked, str) else asked[0]["text"])[-1]
    letters = random.Random(number)
    text = ["".join(letters.choices(_LETTERS, k=4)) for _ in range(words)]
    clauses = (" ".join(text[at : at + 8]) for at in range(0, words, 8))
    return f"a{number}: " + ", and ".join(clauses) + f". e{number}"


class Asker:
    """Asks questions with numbers, and finds what was shown of the answers."""

    def __init__(self, discord: DiscordStandIn, openai: OpenAIStandIn) -> None:
        self.discord, self.openai = discord, openai
        self._numbers = iter(range(1, 10**9))

    async def ask(self, channel_id: int, **who: int) -> int:
        """Ask something; return its number."""
        number = next(self._numbers)
        await self.discord.say(channel_id, f"@Mirela q{number} what happens at night?", **who)
        return number

    async def whole(self, number: int) -> Shown:
        """Wait until the whole answer is shown, and return it."""

        def find() -> Shown | None:
            return next(
                (
                    each
                    for each in self.discord.shown
                    if each.is_whole and each.text.endswith(f" e{number}")
                ),
                None,
            )

        await self.discord.until(find, seconds=120)
        found = find()
        assert found is not None
        return found

    def begun_at(self, number: int) -> float:
        """Return when the model's first token came."""
        return next(
            at for text, at in self.openai.begun_at.items() if text.startswith(f"a{number}:")
        )

    def seconds_to_first_words(self, number: int) -> float:
        """Return the time from the model's first token until some of the answer was seen."""
        first = next(each for each in self.discord.shown if f"a{number}:" in each.text)
        return first.at - self.begun_at(number)


async def first_words(
    arguments: Sequence[str], environment: Callable[[OpenAIStandIn], Mapping[str, str]]
) -> list[float]:
    """Return the seconds until first words, in a channel, a thread and a DM in turns."""
    async with DiscordStandIn().running() as discord, OpenAIStandIn().running() as openai:
        openai.answer = answer
        asker = Asker(discord, openai)
        places = [discord.channel_ids[0], discord.thread_id, DM_ID]
        async with bot_process(arguments, discord, environment(openai)):
            await asyncio.sleep(2)
            for place in places:  # webhooks, connections, first contact
                await asker.whole(await asker.ask(place))
            openai.pace = PACE
            numbers: list[int] = []
            for place in places * _TURNS:
                numbers.append(await asker.ask(place))
                await asker.whole(numbers[-1])
    return [asker.seconds_to_first_words(number) for number in numbers]


async def crowded(url: str) -> tuple[list[float], list[float], int, int]:
    """Give long answers in all channels of a crowd at once, while others there get short ones.

    Return how long the short ones took from their last words, while the long ones are not shown as
    they are written and while they are; how many requests Discord refused, and the most edits.
    """
    async with (
        DiscordStandIn(channels=_CROWD).running() as discord,
        OpenAIStandIn().running() as openai,
        connect(url) as sessions,
    ):
        asker = Asker(discord, openai)
        async with bot_process(["-m", "bot", "run"], discord, troupe(url, openai)):
            await asyncio.sleep(2)
            openai.answer = partial(answer, words=14)
            await _short_answers(asker)  # webhooks, connections
            async with sessions.begin() as session:
                await session.merge(ServerPolicy(guild_id=GUILD_ID, streams_answers=False))
            beside_whole, _ = await _beside_long_answers(asker)
            async with sessions.begin() as session:
                await session.execute(update(ServerPolicy).values(streams_answers=True))
            beside_streamed, streamed = await _beside_long_answers(asker)
    edits = [sum(f"a{number}:" in each.text for each in discord.shown) - 1 for number in streamed]
    return beside_whole, beside_streamed, len(discord.refused), max(edits)


async def _beside_long_answers(asker: Asker) -> tuple[list[float], list[int]]:
    """Return how long short answers took beside long ones, and the numbers of those."""
    asker.openai.pace, asker.openai.answer = PACE, partial(answer, words=500)
    long = await _ask_everywhere(asker, ALICE_ID, seconds=0.1)
    await asyncio.sleep(2.5)  # all of them have begun
    asker.openai.answer = partial(answer, words=14)
    seconds = await _short_answers(asker)
    for number in long:
        await asker.whole(number)
    return seconds, long


async def _short_answers(asker: Asker) -> list[float]:
    """Let people ask in all channels; return how long after the model's words each is shown."""
    pace, asker.openai.pace = asker.openai.pace, 0.0
    numbers = await _ask_everywhere(asker, BOB_ID, seconds=0.25)
    shown = [await asker.whole(number) for number in numbers]
    asker.openai.pace = pace
    return [each.at - asker.begun_at(number) for each, number in zip(shown, numbers, strict=True)]


async def _ask_everywhere(asker: Asker, author_id: int, *, seconds: float) -> list[int]:
    """Ask in all channels, one after another and each as somebody else."""
    numbers: list[int] = []
    for channel_id in asker.discord.channel_ids:
        numbers.append(await asker.ask(channel_id, author_id=author_id + channel_id))
        await asyncio.sleep(seconds)
    return numbers


def measure(url: str) -> list[Measure]:
    """Return when first words are seen, beside a floor, and what waits for them in a crowd."""
    return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Measure]:
    ours = await first_words(["-m", "bot", "run"], lambda openai: troupe(url, openai))
    floor = await first_words(
        ["-m", "tests.bench.streaming_floor"], lambda openai: {"OPENAI_BASE_URL": openai.url}
    )
    whole, streamed, refused, edits = await crowded(url)
    waiting = percentile(streamed, 0.95) - percentile(whole, 0.95)
    return [
        Measure("first_words_p50_s", percentile(ours, 0.5), "s"),
        Measure("first_words_s", percentile(ours, 0.95), "s", "≤ 1.0"),
        Measure(
            "first_words_ratio",
            percentile(ours, 0.95) / percentile(floor, 0.95),
            "of a bot that only streams",
            "≤ 1.3",
        ),
        Measure("unstreamed_wait_ms", waiting * 1000, "ms, of 20 channels at once", "≤ 250"),
        Measure("streamed_edits", edits, "edits of 500 words"),
        Measure("streamed_refusals", refused, "requests over Discord's limits"),
    ]
