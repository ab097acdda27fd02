"""Helpers for what people do while a model answers, and for channels that simcord lacks."""

import asyncio
from typing import Any, Literal

import discord
from simcord.actors import MemberActor
from simcord.backend import serializers
from simcord.builders import ChannelHandle
from sqlalchemy import func, select
from typing_extensions import override

from db.base import Base
from db.session import Sessions
from services.embeddings import TextEmbedder
from services.llm import LanguageModels
from services.personalities import Personality, Visibility
from services.types import Actor
from tests.cogs.conftest import House, make_bot
from tests.vendors.openai import Reply

# Longer than the debounce of messages.
PAUSE_SECONDS = 5


class HeldReply(asyncio.Event):
    """Holds back an answer of the model until it is set; `requested` is set by the request."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = asyncio.Event()

    @override
    async def wait(self) -> Literal[True]:
        self.requested.set()
        return await super().wait()


def hold(house: House, words: str) -> HeldReply:
    """Let the next answer of the model wait until the returned event is set."""
    held = HeldReply()
    house.openai.replies.append(Reply(words, hold=held))
    return held


def post(house: House, who: MemberActor, channel: ChannelHandle, words: str) -> int:
    """Post a message without waiting for the bot; return the message's id."""
    return house.env.backend.create_message(channel.id, who.id, words).id


def pass_debounce(house: House) -> None:
    """Advance Discord's clock past the debounce of messages."""
    house.env.backend.advance_clock(PAUSE_SECONDS)


def spoken(channel: ChannelHandle) -> list[tuple[str, str]]:
    """Return authors and texts of a channel's messages."""
    return [(message.author.name, message.content) for message in channel.history()]


def answers(channel: ChannelHandle) -> list[str]:
    """Return the texts that were sent to a channel through webhooks."""
    return [message.content for message in channel.history() if message.webhook_id]


def speakers(house: House) -> list[str]:
    """Return who has spoken through webhooks in the lobby, in order."""
    return [message.author.name for message in house.lobby.history() if message.webhook_id]


def restrict(house: House, channel: ChannelHandle) -> None:
    """Make a channel age-restricted, which simcord does not store."""
    backend = house.env.backend
    payload: Any = serializers.channel_payload(backend, backend.get_channel(channel.id))
    backend.emit("CHANNEL_UPDATE", {**payload, "nsfw": True})


def hide(house: House, channel: ChannelHandle) -> None:
    """Make a channel private."""
    backend = house.env.backend
    payload: Any = serializers.channel_payload(backend, backend.get_channel(channel.id))
    view = str(discord.Permissions(view_channel=True).value)
    hidden = {"id": str(house.guild.id), "type": 0, "allow": "0", "deny": view}
    backend.emit("CHANNEL_UPDATE", {**payload, "permission_overwrites": [hidden]})


def open_thread(house: House, parent: ChannelHandle) -> ChannelHandle:
    """Open a thread, or a post if the parent is a forum."""
    thread = house.env.backend.create_thread(parent.id, "A thread", house.alice.id)
    return next(each for each in parent.threads if each.id == thread.id)


def actor(member: MemberActor, *, moderates: bool = False) -> Actor:
    """Return a member as services see them."""
    return Actor(discord_id=member.id, name=member.name, moderates=moderates)


async def invent(
    house: House, owner: MemberActor, name: str, *, is_brought: bool = True, **settings: Any
) -> Personality:
    """Create and configure a personality, and bring it into the server if it is not private."""
    created = await house.services.personalities.create(actor(owner), {"name": name})
    configured = await house.services.personalities.configure(actor(owner), created.id, **settings)
    if is_brought and configured.visibility != Visibility.PRIVATE:
        await bring(house, owner, configured)
    return configured


async def bring(house: House, owner: MemberActor, personality: Personality) -> None:
    """Let a personality into the server."""
    await house.services.servers.bring(actor(owner), house.guild.id, personality)


async def until_written(sessions: Sessions, table: type[Base]) -> None:
    """Wait for the first row of a table."""
    async with asyncio.timeout(5), sessions() as session:
        while not await session.scalar(select(func.count()).select_from(table)):
            await asyncio.sleep(0.01)


async def restart(
    house: House, sessions: Sessions, models: LanguageModels, embedder: TextEmbedder
) -> None:
    """Kill the process and start another on the same database and the same Discord."""
    events = [task for task in asyncio.all_tasks() if task.get_name() == "discord.py: on_message"]
    for task in events:
        task.cancel()
    await asyncio.gather(*events, return_exceptions=True)
    await house.env.restart_bot(make_bot(sessions, models, house.studio, embedder))
