"""How the bundled model answers: to the point, in its role, and soon.

`python -m tests.bench.small_model FOLDER` writes the answers to a file for people to read.
"""

import asyncio
import re
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from typing_extensions import override

from db.models import Personality
from db.session import Sessions, connect
from services.chat import (
    AnswerSlots,
    ChatService,
    ConversationWriter,
    Page,
    ReplyGenerator,
    TurnChooser,
)
from services.clock import SystemClock
from services.embeddings import WordLlamaEmbedder
from services.llm import (
    PRICES,
    ConfiguredVendor,
    LanguageModels,
    Ledger,
    RequestLog,
    background_calls,
)
from services.llm.local import VENDOR, bundled_model, serve
from services.llm.ports import TextModel
from services.seeds import seed
from services.types import Channel, IncomingMessage, Speaker, Venue
from tests.bench.chat import GUILD, IDS, TimedAdapter
from tests.bench.databases import databases
from tests.bench.measure import Measure, percentile
from tests.bench.small_model_questions import QUESTIONS, SECOND_QUESTIONS, STOCK_PHRASES
from tests.fakes import Notices, no_faces, no_voice

# An answer is as long as something that is said, and ends where its sentence does.
_FEWEST_WORDS, _MOST_WORDS = 4, 60
_REPEATED_WORDS = 6
_END = re.compile(r"[.!?…~*)\"”'’][\s*)\"”'’]*$|[\U0001F300-\U0001FAFF]$")
_LABEL = re.compile(
    r"^\W*(?:user|assistant|system|visitor|bench|[A-Z][\w.]*(?: [A-Z]\w*)?):", re.MULTILINE
)
# A capital letter within a sentence begins a name.
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question with its answer, the prompts that were sent for it, and what is wrong with it."""

    who: str
    question: str
    answer: str
    prompt: str
    seconds: float
    faults: Sequence[str] = ()


class HeardAdapter(TimedAdapter):
    """Keeps what is said, but for first words."""

    def __init__(self) -> None:
        super().__init__()
        self.greetings: set[str | None] = set()

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
        if text not in self.greetings:
            self.sent.append((speaker, text))
        return await super().send(channel, speaker, text, line_id=line_id, page=page)


def measure(url: str) -> list[Measure]:
    """Return the share of answers without a fault, and the 95th percentile of their times."""
    asked = asyncio.run(ask(url, QUESTIONS))
    return [
        Measure("small_model_on_topic", _share(asked), "", "≥ 0.5"),
        Measure(
            "small_model_p95_s", percentile([each.seconds for each in asked], 0.95), "s", "≤ 2"
        ),
    ]


async def ask(url: str, questions: Mapping[str, Sequence[str]]) -> list[Asked]:
    """Return the answers to questions, each at the beginning of a conversation."""
    path = bundled_model()
    assert path is not None
    async with serve(path) as model:
        requests = RequestLog()
        chatting = _chatting(url, model, path.stem.lower(), requests)
        async with chatting as (sessions, chat, adapter):
            async with sessions() as session:
                adapter.greetings = set(await session.scalars(select(Personality.first_message)))
            await _answer(chat, adapter, "@Mirela hello")  # what is loaded at the first one
            asked = [
                await _ask(chat, adapter, requests, who, question)
                for who, several in questions.items()
                for question in several
            ]
            return [await _judge(sessions, each) for each in asked]


@asynccontextmanager
async def _chatting(
    url: str, model: TextModel, name: str, requests: RequestLog
) -> AsyncGenerator[tuple[Sessions, ChatService, HeardAdapter]]:
    embedder, adapter = WordLlamaEmbedder(), HeardAdapter()
    async with connect(url) as sessions, background_calls() as background:
        await seed(sessions, vendors={VENDOR})
        models = LanguageModels(
            Ledger(sessions, PRICES),
            background,
            {VENDOR: ConfiguredVendor(model, name, is_small=True)},
            request_log=requests,
        )
        chat = ChatService(
            sessions,
            ReplyGenerator(sessions, models, embedder, SystemClock()),
            ConversationWriter(sessions, embedder),
            adapter,
            Notices(),
            no_faces(sessions),
            background,
            no_voice(sessions, models),
            TurnChooser(sessions, embedder),
            AnswerSlots(),
        )
        yield sessions, chat, adapter


async def _ask(
    chat: ChatService, adapter: HeardAdapter, requests: RequestLog, who: str, question: str
) -> Asked:
    began = time.perf_counter()
    answer = await _answer(chat, adapter, f"@{who} {question}")
    assert requests.last is not None
    return Asked(
        who=who,
        question=question,
        answer=answer,
        prompt="\n".join(each.content for each in requests.last.request.messages),
        seconds=time.perf_counter() - began,
    )


async def _answer(chat: ChatService, adapter: HeardAdapter, content: str) -> str:
    number, before = next(IDS), len(adapter.sent)
    await chat.handle_message(
        IncomingMessage(
            message_id=number,
            channel=Channel(channel_id=number, guild_id=GUILD, venue=Venue.PUBLIC),
            author_id=7,
            author_name="Robin",
            content=content,
            created_at=datetime.now(UTC),
        )
    )
    return "\n".join(said for _, said in adapter.sent[before:])


async def _judge(sessions: Sessions, asked: Asked) -> Asked:
    """Return an answer with its faults."""
    async with sessions() as session:
        statement = select(Personality).where(Personality.name == asked.who)
        personality = (await session.scalars(statement)).one()
        known = [
            asked.question,
            personality.name,
            *(
                getattr(personality, name) or ""
                for name in (
                    "character_info",
                    "personality_traits",
                    "personality_tone",
                    "personality_likes",
                    "personality_dislikes",
                    "conversational_examples",
                )
            ),
        ]
        stems = text("SELECT tsvector_to_array(to_tsvector('english', :text))")
        said = set(await session.scalar(stems, {"text": asked.answer}) or ())
        expected = set(await session.scalar(stems, {"text": " ".join(known)}) or ())
    faults = [
        name
        for name, is_fault in {
            "off topic": not said & expected,
            "stock phrase": any(each in asked.answer.lower() for each in STOCK_PHRASES),
            "recited": bool(_runs(asked.answer) & _runs(asked.prompt)),
            "label": bool(_LABEL.search(asked.answer)),
            "invented name": any(
                name.lower() not in asked.prompt.lower() for name in _NAME.findall(asked.answer)
            ),
            "length": not _FEWEST_WORDS <= len(asked.answer.split()) <= _MOST_WORDS,
            "no end": not _END.search(asked.answer),
        }.items()
        if is_fault
    ]
    return replace(asked, faults=faults)


def _runs(words: str) -> set[tuple[str, ...]]:
    """Return all runs of six words."""
    said = re.findall(r"[\w']+", words.lower())
    return {tuple(said[n : n + _REPEATED_WORDS]) for n in range(len(said) - _REPEATED_WORDS + 1)}


def _share(asked: Sequence[Asked]) -> float:
    return sum(not each.faults for each in asked) / len(asked)


def _write(folder: Path) -> None:
    """Write all answers to files for people to read."""
    both = {"first": QUESTIONS, "second": SECOND_QUESTIONS}
    with databases() as create:
        answers = {name: asyncio.run(ask(create(name), each)) for name, each in both.items()}
    for name, asked in answers.items():
        lines = [f"# {name}: {_share(asked):.3f} without a fault"]
        lines += [
            f"{each.who} · {each.question}\n  {each.answer}\n  {each.seconds:.1f} s"
            f" {', '.join(each.faults)}"
            for each in asked
        ]
        (folder / f"small-model-{name}.txt").write_text("\n\n".join(lines) + "\n")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
