"""Channels, threads, forums and webhooks through which personalities speak."""

from typing import Any

import discord
import pytest

from bot.discord.webhooks import WEBHOOK_NAME
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from tests.cogs.concurrent import answers, invent, open_thread, restart, restrict, spoken
from tests.cogs.conftest import House


def webhooks(house: House) -> list[Any]:
    """Return the webhooks that whole answers are sent by."""
    return [each for each in house.env.backend.webhooks.values() if each.name == WEBHOOK_NAME]


async def test_one_webhook_a_channel_speaks_with_every_name(house: House) -> None:
    thread = open_thread(house, house.lobby)

    await house.alice.send(house.lobby, "@Mirela @Bex hello")
    await house.alice.send(thread, "@Professor Quill hello")

    names = [message.author.name for message in house.lobby.history() if message.webhook_id]
    assert names == ["Mirela", "Bex"]
    assert spoken(thread)[-1] == ("Professor Quill", "Aye.")
    assert len(webhooks(house)) == 1


async def test_the_webhook_is_found_again_after_a_restart(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    await restart(house, sessions, models, embedder)

    await house.alice.send(house.lobby, "@Mirela hello")

    assert len(answers(house.lobby)) == 2
    assert len(webhooks(house)) == 1


async def test_a_deleted_webhook_is_made_anew(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    (webhook,) = webhooks(house)
    house.env.backend.delete_webhook(webhook.id)

    await house.alice.send(house.lobby, "@Mirela hello again")

    assert len(answers(house.lobby)) == 2
    assert len(webhooks(house)) == 1


async def test_webhooks_of_others_are_left_alone(house: House) -> None:
    foreign = house.env.backend.create_webhook(house.lobby.id, "News", house.boss.id)

    await house.alice.send(house.lobby, "@Mirela hello")

    assert house.lobby.history()[-1].webhook_id != foreign.id


async def test_a_forum_post_is_answered_within(house: House) -> None:
    forum = house.guild.create_forum_channel("questions")
    post = open_thread(house, forum)

    await house.alice.send(post, "@Mirela hello")
    await house.alice.send(post, "@Mirela hello again")

    assert [who for who, _ in spoken(post)] == ["alice", "Mirela", "alice", "Mirela"]


async def test_without_manage_webhooks_the_name_comes_before_the_text(house: House) -> None:
    me = house.guild.me
    assert me is not None
    denied = discord.PermissionOverwrite(manage_webhooks=False)
    bare = house.guild.create_text_channel("bare", overwrites={me: denied})

    await house.alice.send(bare, "@Mirela hello")

    who, reply = spoken(bare)[-1]
    assert who == me.name
    assert reply.startswith("**Mirela:** Aye.\n-# I lack **Manage Webhooks**")


async def test_where_the_bot_may_not_write_nothing_breaks(house: House) -> None:
    me = house.guild.me
    assert me is not None
    denied = discord.PermissionOverwrite(
        manage_webhooks=False, send_messages=False, read_message_history=False
    )
    closed = house.guild.create_text_channel("closed", overwrites={me: denied})

    await house.alice.send(closed, "@Mirela hello")

    assert [who for who, _ in spoken(closed)] == ["alice"]


async def test_an_age_restricted_personality_speaks_in_age_restricted_channels_only(
    house: House,
) -> None:
    await invent(house, house.alice, "Vesper", age_restricted=True)
    thread = open_thread(house, house.lobby)
    adults = house.guild.create_text_channel("adults")
    inner = open_thread(house, adults)
    restrict(house, adults)

    for channel in (house.lobby, thread, adults, inner):
        await house.alice.send(channel, "@Vesper hello")
    await house.alice.user.send_dm("@Vesper hello")

    refusal = "-# **Vesper** only speaks in age-restricted channels."
    last = [spoken(channel)[-1][1] for channel in (house.lobby, thread, adults, inner)]
    assert last == [refusal, refusal, "Aye.", "Aye."]
    assert spoken(house.alice.user.dm_channel)[-1][1] == refusal


@pytest.mark.parametrize("name", ["Mi*re*la", "_under_", "`tick`"])
async def test_names_are_shown_as_they_are_in_dms(house: House, name: str) -> None:
    await invent(house, house.alice, name)

    await house.alice.user.send_dm(f"@{name} hello")

    reply = spoken(house.alice.user.dm_channel)[-1][1]
    assert reply == f"**{discord.utils.escape_markdown(name)}:** Aye."


async def test_where_there_are_too_many_webhooks_the_name_comes_first(house: House) -> None:
    house.openai.says("The fog came in.")
    house.env.inject_error("POST", "/channels/*/webhooks", status=400, code=30007, times=3)

    await house.alice.send(house.lobby, "@Mirela how was the night?")

    spoken = house.lobby.history()[-1]
    assert spoken.content.startswith("**Mirela:** The fog came in.")
