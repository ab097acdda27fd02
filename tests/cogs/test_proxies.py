"""People who speak through a proxy bot such as PluralKit: each member is a speaker of their own."""

from typing import Any

import pytest
from simcord.actors import MemberActor
from simcord.backend import serializers
from sqlalchemy import func, select

from db.models import ConversationLine, Memory, User
from db.session import Sessions
from tests.cogs.concurrent import actor, answers, pass_debounce
from tests.cogs.conftest import PLURALKIT, House


async def say_through_proxy(
    house: House, account: MemberActor | None, name: str, content: str, *, face: str = ""
) -> None:
    """Send a message as a member of an account: PluralKit deletes the original, and repeats it."""
    backend = house.env.backend
    if account is not None:
        original = backend.create_message(house.lobby.id, account.id, f"{name[0]}: {content}")
        await house.env.settle()
        backend.delete_message(house.lobby.id, original.id)
    made = backend.create_message(house.lobby.id, house.alice.id, content, broadcast=False)
    author: dict[str, Any] = {
        # All members of a channel share one webhook, and so one author id.
        "id": "777000000000000001",
        "username": name,
        "global_name": None,
        "avatar": face or None,
        "discriminator": "0000",
        "bot": True,
    }
    payload = serializers.message_payload(backend, made)
    payload |= {
        "content": content,
        "guild_id": str(house.guild.id),
        "webhook_id": author["id"],
        "application_id": str(PLURALKIT),
        "author": author,
    }
    payload.pop("member", None)
    backend.emit("MESSAGE_CREATE", payload)
    await house.env.settle()
    pass_debounce(house)


async def names(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return [
            *await session.scalars(
                select(ConversationLine.speaker_name)
                .where(ConversationLine.role == "user")
                .order_by(ConversationLine.position)
            )
        ]


@pytest.mark.parametrize("is_known", [True, False])
async def test_each_member_has_a_name_and_memories_of_their_own(
    house: House, sessions: Sessions, *, is_known: bool
) -> None:
    alice, bob = (house.alice, house.bob) if is_known else (None, None)
    await say_through_proxy(house, alice, "Ada", "@Mirela my cat is called Tom, Tom the cat")
    await say_through_proxy(house, alice, "Ben", "@Mirela which cat do I have?")
    assert "Ben is talking to you" in house.openai.prompts[-1]
    await say_through_proxy(house, bob, "Zoe", "@Mirela what is my cat called?")
    assert "Zoe is talking to you" in house.openai.prompts[-1]

    assert await names(sessions) == ["Ada", "Ben", "Zoe"]
    async with sessions() as session:
        owners = await session.scalar(select(func.count(func.distinct(Memory.user_id))))
        accounts = {
            row.username: row.account_id
            for row in await session.scalars(select(User).where(User.discord_id < 0))
        }
    assert owners == 3
    expected = [house.alice.id, house.alice.id, house.bob.id] if is_known else [None] * 3
    assert [accounts[name] for name in ("Ada", "Ben", "Zoe")] == expected


async def test_members_with_one_name_of_two_accounts_are_two(
    house: House, sessions: Sessions
) -> None:
    await say_through_proxy(house, house.alice, "Ada", "@Mirela my cat is called Tom")
    await say_through_proxy(house, house.bob, "Ada", "@Mirela what is my cat called?")

    async with sessions() as session:
        members = (await session.scalars(select(User).where(User.discord_id < 0))).all()
    assert {(each.username, each.account_id) for each in members} == {
        ("Ada", house.alice.id),
        ("Ada", house.bob.id),
    }


async def test_faces_tell_apart_whom_nothing_else_does(house: House, sessions: Sessions) -> None:
    for face in ("a" * 32, "b" * 32, "a" * 32):
        await say_through_proxy(house, None, "Ada", "@Mirela hello", face=face)

    async with sessions() as session:
        assert await session.scalar(select(func.count()).where(User.discord_id < 0)) == 2


async def test_what_an_account_chooses_holds_for_its_members(
    house: House, sessions: Sessions
) -> None:
    await say_through_proxy(house, house.alice, "Ada", "@Mirela my cat is called Tom")
    exported = await house.alice.slash(house.lobby, "privacy export")
    file = exported.response.attachments[0] if exported.response else None
    assert file is not None
    assert b"Tom" in await file.read()

    await house.services.privacy.delete(actor(house.alice))
    async with sessions() as session:
        assert await session.scalar(select(func.count()).where(User.discord_id < 0)) == 0
        assert await session.scalar(select(func.count()).select_from(Memory)) == 0
        assert await session.scalar(select(func.count()).select_from(ConversationLine)) == 0

    await house.services.privacy.opt_out(actor(house.alice))
    said = len(answers(house.lobby))
    await say_through_proxy(house, house.alice, "Ada", "@Mirela hello again")
    assert len(answers(house.lobby)) == said
