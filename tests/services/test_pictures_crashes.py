"""Pictures on request whose process is killed: each is paid once, and sent once."""

import asyncio
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from db.models import ConversationLine, Face, Job, JobStatus, Personality, Role, User, Venue
from db.session import Sessions
from services.chat import queries
from services.engine import ActType
from services.images import ImagePipeline
from services.pictures import request_picture
from services.types import Channel
from tests.services.chat_adapters import act_on_discord, board_location, received_messages
from tests.services.crashes import process
from tests.services.engine_support import board, enqueue_act, seeded_personalities
from tests.services.job_support import end_leases
from tests.services.photo_files import photo
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.replicate import ReplicateStandIn

pytestmark = pytest.mark.slow


async def request(sessions: Sessions, channel: Channel, message_id: int) -> None:
    """Let an answer be sent, which a picture is to follow."""
    async with sessions.begin() as session:
        user = (await session.scalars(select(User))).one()
        face = (await session.scalars(select(Face))).one()
        columns: dict[str, Any] = {
            "channel_id": channel.channel_id,
            "position": 0,
            "guild_id": channel.guild_id,
            "role": Role.ASSISTANT,
            "personality_id": face.personality_id,
            "user_id": user.id,
            "speaker_name": "Mirela",
            "token_count": 1,
        }
        answer = ConversationLine(**columns, content="There.", discord_message_ids=[message_id])
        await queries.append(session, channel.channel_id, [answer])
        picture = ConversationLine(
            **columns, content="a gull", answers_id=answer.id, is_picture=True
        )
        await queries.append(session, channel.channel_id, [picture])
        await request_picture(session, picture.id, channel)


@pytest.mark.usefixtures("models")
async def test_a_kill_at_any_request_loses_and_doubles_no_picture(
    sessions: Sessions,
    database_url: str,
    openai: OpenAIStandIn,
    replicate: ReplicateStandIn,
    studio: ImagePipeline,
    tmp_path: Path,
) -> None:
    file = tmp_path / "discord"
    away = (database_url, openai.url, replicate.url, tmp_path / "media", file)
    await process(act_on_discord, -1, *away)  # which makes the server and its channels
    channel_id, guild_id = board_location(file)
    channel = Channel(channel_id=channel_id, guild_id=guild_id, venue=Venue.PUBLIC)
    someone = await _give_face(sessions, studio)
    on = await board(sessions, acts_per_day=1000, channel_id=channel_id, guild_id=guild_id)
    await enqueue_act(sessions, on, someone, ActType.POST)
    await process(act_on_discord, -1, *away)  # a message that pictures are to follow
    (answer,) = received_messages(file)
    async with sessions.begin() as session:  # so that nobody answers it
        await session.execute(delete(Job))

    killed, rounds = -signal.SIGKILL, 0
    while killed:  # at its first request, its second, until it has no more of them
        await request(sessions, channel, answer["id"])
        killed, _ = await process(act_on_discord, rounds, *away)
        assert killed in {0, -signal.SIGKILL}
        await end_leases(sessions)
        code, _ = await process(act_on_discord, -1, *away)
        assert code == 0
        rounds += 1

    assert rounds > 2
    assert len(received_messages(file)) == 1 + rounds
    assert len(replicate.predictions) == rounds
    async with sessions() as session:
        lines = await session.scalars(select(ConversationLine).where(ConversationLine.is_picture))
        sent = [each.discord_message_ids for each in lines]
        assert {*(await session.scalars(select(Job.status)))} == {JobStatus.DONE}
    assert [len(each) for each in sent] == [1] * rounds
    assert len({each for each, *_ in sent}) == rounds
    left = await asyncio.to_thread(lambda: [*(tmp_path / "media").rglob("pictures/*.jpg")])
    assert left == []


async def _give_face(sessions: Sessions, studio: ImagePipeline) -> Personality:
    """Give a personality a face, and make a user."""
    key = f"avatars/{uuid4()}.jpg"
    await studio.store.put(key, photo(1), media_type="image/jpeg")
    someone, *_ = await seeded_personalities(sessions)
    async with sessions.begin() as session:
        session.add(Face(personality_id=someone.id, name="main", storage_key=key))
        session.add(User(discord_id=7, username="alice"))
    return someone
