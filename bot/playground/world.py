"""The simulated server: its members and channels, saved between runs."""

import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
from simcord._clock import Clock
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle, UserHandle
from simcord.env import Env
from typing_extensions import override

from services.clock import FastClock

GUILD = "The Playground"
PEOPLE = ("alice", "bob")  # Alice runs the bot, and moderates
CHANNELS = {
    "lobby": "Call anybody by name: @Mirela, @Professor Quill, @Bex.",
    "lighthouse": "Mirela answers everything here.",
    "square": "A board: here they post and talk among themselves. /board settings",
}
# The state of simcord's backend that a restart would lose.
_SAVED_FIELDS = (
    "_reserved_ids", "_sequences", "users", "guilds", "channels", "messages", "webhooks",
    "webhook_tokens", "dm_channels", "application_id", "bot_user", "cdn",
)  # fmt: skip


class RunningClock(Clock):
    """Simcord's clock, running with the bot's."""

    def __init__(self, clock: FastClock) -> None:
        self._clock = clock
        self._offset = 0.0
        self._epoch = clock.now()

    @property
    @override
    def elapsed(self) -> float:
        return (self._clock.now() - self._epoch).total_seconds() + self._offset

    @override
    def advance(self, seconds: float) -> None:
        self._offset += seconds


@dataclass(frozen=True)
class World:
    """The server as the playground shows it."""

    members: dict[str, MemberActor]
    channels: dict[str, ChannelHandle]
    is_new: bool


def restore(env: Env, file: Path) -> bool:
    """Load the saved state into a simulation that has not started; return whether there was one."""
    if not file.is_file():
        return False
    with file.open("rb") as saved:
        state: dict[str, Any] = pickle.load(saved)  # noqa: S301 - written by `save`, in our folder
    for name in _SAVED_FIELDS:
        setattr(env.backend, name, state[name])
    return True


def saved_time(file: Path) -> datetime:
    """Return the time of the saved state or now, whichever is later."""
    now = datetime.now(UTC)
    if not file.is_file():
        return now
    with file.open("rb") as saved:
        state: dict[str, Any] = pickle.load(saved)  # noqa: S301 - as above
    return max(state.get("moment", now), now)


def save(env: Env, file: Path) -> None:
    """Save the state of the simulation to a file, atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    with temporary.open("wb") as output:
        state = {name: getattr(env.backend, name) for name in _SAVED_FIELDS}
        pickle.dump({**state, "moment": env.backend.clock.now()}, output)
    temporary.replace(file)


def build(env: Env) -> World:
    """Return the server that was restored, or create one."""
    existing = next((g for g in env.backend.guilds.values() if g.name == GUILD), None)
    if existing is None:
        guild = env.create_guild(GUILD)
        users = {name: env.create_user(name, global_name=name.capitalize()) for name in PEOPLE}
        moderators = guild.create_role(
            "Moderators", permissions=discord.Permissions(manage_messages=True)
        )
        members = {
            name: guild.add_member(user, roles=[moderators] if name == PEOPLE[0] else [])
            for name, user in users.items()
        }
    else:
        guild = GuildHandle(env, existing)
        users = {
            user.name: UserHandle(env, user)
            for user in env.backend.users.values()
            if user.name in PEOPLE
        }
        members = {name: MemberActor(env, guild, user) for name, user in users.items()}
    for name, topic in CHANNELS.items():
        if name not in guild.channels:
            guild.create_text_channel(name, topic=topic)
    return World(
        members=members,
        channels={name: guild.channels[name] for name in CHANNELS},
        is_new=existing is None,
    )
