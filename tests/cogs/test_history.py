"""`/history`: cleared conversations and undone exchanges."""

import asyncio
from datetime import UTC, datetime, timedelta

from simcord.actors import MemberActor
from simcord.results import InteractionResult
from sqlalchemy import func, select, update

from bot.app.wiring import worker
from db.models import ConversationLine, Memory
from db.session import Sessions
from tests.cogs.concurrent import answers
from tests.cogs.conftest import House


async def clear(house: House, who: MemberActor, **options: object) -> InteractionResult:
    """Clear the conversation, and confirm."""
    confirmation = await who.slash(house.lobby, "history clear", **options)
    assert confirmation.response is not None
    return await who.click(confirmation.response, label="Start over")


def history(house: House) -> list[str]:
    """Return the history of the last prompt."""
    return [each["content"] for each in house.openai.requests[-1]["messages"][1:-1]]


async def test_clearing_leaves_what_others_said_and_all_memories(
    house: House, sessions: Sessions
) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    await house.bob.send(house.lobby, "@Mirela two")

    result = await clear(house, house.alice)
    await house.alice.send(house.lobby, "@Mirela three")

    async with sessions() as session:
        memories = [*await session.scalars(select(Memory.content))]
    assert result.response is not None
    assert result.response.content.startswith(
        "2 lines are no longer read, and are deleted within a day."
    )
    assert history(house) == ["bob: @Mirela two", "Aye."]
    assert len(memories) == 3


async def test_what_was_cleared_can_be_taken_back(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    await house.bob.send(house.lobby, "@Mirela two")
    result = await clear(house, house.alice)
    assert result.response is not None

    back = await house.alice.click(result.response, label="Take back")
    await house.alice.send(house.lobby, "@Mirela three")

    assert back.response is not None
    assert back.response.content == "Taken back: 2 lines are read again."
    assert history(house) == ["alice: @Mirela one", "Aye.", "bob: @Mirela two", "Aye."]


async def test_what_was_cleared_is_deleted_within_a_day(house: House, sessions: Sessions) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    await clear(house, house.alice)
    await house.alice.send(house.lobby, "@Mirela two")
    await clear(house, house.alice)
    async with sessions.begin() as session:
        first = update(ConversationLine).where(ConversationLine.position <= 2)
        await session.execute(first.values(deleted_at=datetime.now(UTC) - timedelta(hours=23.5)))
    await house.services.history.enqueue_sweep()

    async with worker(sessions, house.services, has_discord=True).running():
        async with asyncio.timeout(10):
            while await count(sessions) > 2:
                await asyncio.sleep(0.05)
    assert await count(sessions) == 2


async def count(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(ConversationLine)) or 0


async def test_clearing_one_personality_leaves_the_others(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    await house.alice.send(house.lobby, "@Bex two")

    await clear(house, house.alice, personality="Bex")
    await house.alice.send(house.lobby, "@Mirela three")

    assert history(house) == ["alice: @Mirela one", "Aye."]


async def test_only_moderators_clear_what_everyone_said(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    await house.bob.send(house.lobby, "@Mirela two")

    refused = await clear(house, house.bob, everyones=True)
    await house.bob.send(house.lobby, "@Mirela three")
    before = history(house)
    await clear(house, house.moderator, everyones=True)
    await house.bob.send(house.lobby, "@Mirela four")

    replies = [each.content for each in (refused.response, *refused.followups) if each]
    assert any("Only members with **Manage Messages**" in each for each in replies)
    assert len(before) == 4
    assert history(house) == []


async def test_clearing_can_be_thought_better_of(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    confirmation = await house.alice.slash(house.lobby, "history clear")
    assert confirmation.response is not None

    result = await house.alice.click(confirmation.response, label="Cancel")
    await house.alice.send(house.lobby, "@Mirela two")

    assert result.response is not None
    assert result.response.content == "Nothing was changed."
    assert history(house) == ["alice: @Mirela one", "Aye."]


async def test_undoing_takes_the_last_exchange_back(house: House, sessions: Sessions) -> None:
    house.openai.says("One it is.", "Two it is.")
    await house.alice.send(house.lobby, "@Mirela one")
    await house.alice.send(house.lobby, "@Mirela two")
    await house.bob.send(house.lobby, "@Mirela three")

    result = await house.alice.slash(house.lobby, "history undo")
    await house.bob.send(house.lobby, "@Mirela four")

    async with sessions() as session:
        living = select(ConversationLine.content).where(ConversationLine.deleted_at.is_(None))
        memories = [*await session.scalars(select(Memory.content))]
        lines = [*await session.scalars(living)]
    assert result.response is not None
    assert (
        result.response.content
        == "That is undone: Mirela knows neither your message nor the answer."
    )
    assert answers(house.lobby)[0] == "One it is."
    assert "Two it is." not in answers(house.lobby)
    assert not any("@Mirela two" in each for each in [*memories, *lines, *history(house)])


async def test_undoing_goes_on_until_nothing_is_left(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela one")

    await house.alice.slash(house.lobby, "history undo")
    result = await house.alice.slash(house.lobby, "history undo")

    assert result.response is not None
    assert "no answer to you here" in result.response.content
    assert answers(house.lobby) == []
