"""Canaries in fifteen places that the sender may not read: none is ever sung to a model."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from tests.cogs.concurrent import actor, open_thread, restrict
from tests.cogs.conftest import House
from tests.cogs.test_memory import private_channel
from tests.cogs.test_privacy import opt_out

CANARY = "The canary sings at five."
_HIDDEN = discord.PermissionOverwrite(view_channel=False)
_NO_HISTORY = discord.PermissionOverwrite(read_message_history=False)
Place = tuple[int, int]  # a channel and a message


def tell(house: House, channel_id: int, who: MemberActor) -> Place:
    """Let somebody say the canary's words in a channel; return where."""
    return channel_id, house.env.backend.create_message(channel_id, who.id, CANARY).id


def channel(house: House, name: str, alice: discord.PermissionOverwrite) -> ChannelHandle:
    overwrites: dict[Any, discord.PermissionOverwrite] = {house.alice: alice}
    return house.guild.create_text_channel(name, overwrites=overwrites)


def thread(house: House, parent: ChannelHandle, kind: discord.ChannelType) -> int:
    backend = house.env.backend
    return backend.create_thread(parent.id, "Thread", house.bob.id, type=kind.value).id


def staff(house: House) -> ChannelHandle:
    return private_channel(house, "staff", house.moderator)


def red(house: House) -> ChannelHandle:
    made = house.guild.create_text_channel("red")
    restrict(house, made)
    return made


PRIVATE, PUBLIC = discord.ChannelType.private_thread, discord.ChannelType.public_thread
PLACES: dict[str, Callable[[House], Place]] = {
    "a channel of the staff": lambda house: tell(house, staff(house).id, house.moderator),
    "a channel that is hidden from them": lambda house: tell(
        house, channel(house, "party", alice=_HIDDEN).id, house.bob
    ),
    "a channel without its history": lambda house: tell(
        house, channel(house, "vault", alice=_NO_HISTORY).id, house.bob
    ),
    "their own den": lambda house: tell(
        house, private_channel(house, "den", house.alice).id, house.alice
    ),
    "a private thread": lambda house: tell(house, thread(house, house.lobby, PRIVATE), house.bob),
    "a private thread of the staff": lambda house: tell(
        house, thread(house, staff(house), PRIVATE), house.moderator
    ),
    "a thread of the staff": lambda house: tell(
        house, thread(house, staff(house), PUBLIC), house.moderator
    ),
    "a thread of their own den": lambda house: tell(
        house, open_thread(house, private_channel(house, "den", house.alice)).id, house.alice
    ),
    "a thread of a hidden channel": lambda house: tell(
        house, thread(house, channel(house, "party", alice=_HIDDEN), PUBLIC), house.bob
    ),
    "a channel for adults": lambda house: tell(house, red(house).id, house.alice),
    "a thread for adults": lambda house: tell(
        house, thread(house, red(house), PUBLIC), house.alice
    ),
    "somebody's direct messages": lambda house: (
        house.bob.user.dm_channel.id,
        house.env.backend.create_message(house.bob.user.dm_channel.id, house.bob.id, CANARY).id,
    ),
    "their own direct messages": lambda house: (
        house.alice.user.dm_channel.id,
        house.env.backend.create_message(house.alice.user.dm_channel.id, house.alice.id, CANARY).id,
    ),
}


@pytest.mark.parametrize("place", [*PLACES, "one who opted out", "one who is incognito"])
async def test_nothing_of_a_place_that_is_not_for_them_reaches_a_model(
    house: House, place: str
) -> None:
    await house.bob.user.send_dm("hm")
    await house.alice.user.send_dm("hm")
    if place in PLACES:
        channel_id, message_id = PLACES[place](house)
    else:
        said = await house.bob.send(house.guild.create_text_channel("news"), CANARY)
        channel_id, message_id = said.channel.id, said.id
        if "opted" in place:
            await opt_out(house, house.bob)
        else:
            await house.services.memory_modes.toggle_incognito(actor(house.bob))
    guild_id = house.guild.id
    links = [
        f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}",
        f"[here](<https://ptb.discord.com/channels/{guild_id}/{channel_id}/{message_id}>)",
        f"https://discord.com/channels/@me/{channel_id}/{message_id}",
        f"discord://-/channels/{guild_id}/{channel_id}/{message_id}",
    ]

    message = await house.alice.send(house.lobby, f"@Mirela look: {' '.join(links)}")
    # As if it answered that: Discord sends along what is answered only of the same channel.
    heard = await house.services.chat_adapter.message(house.lobby.id, message.id)
    assert heard is not None
    answering = replace(heard, reply_to=message_id, parts=(), content="@Mirela and this?")
    await house.services.chat.handle_message(answering)

    assert len(house.openai.prompts) == 2
    assert all(CANARY not in prompt for prompt in house.openai.prompts)
