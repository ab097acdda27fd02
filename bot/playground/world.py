"""The simulated server: its people and channels, kept between runs."""

import pickle
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simcord._clock import Clock
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle, UserHandle
from simcord.env import Env
from typing_extensions import override

GUILD = "The Playground"
PEOPLE = ("alice", "bob")  # Alice runs the bot
CHANNELS = {
    "lobby": "Call anybody by name: @Mirela, @Professor Quill, @Bex.",
    "lighthouse": "Mirela answers everything here.",
}
# All of simcord's world that a restart would lose.
_KEPT = (
    "_reserved_ids", "_sequences", "users", "guilds", "channels", "messages", "webhooks",
    "webhook_tokens", "dm_channels", "application_id", "bot_user", "cdn",
)  # fmt: skip


class RunningClock(Clock):
    """Simcord's clock, running as real time does, so many times as fast."""

    def __init__(self, speed: float = 1) -> None:
        self._speed = speed
        self._started = time.perf_counter()
        self._ahead = 0.0
        self._epoch = datetime.now(UTC)

    @property
    @override
    def elapsed(self) -> float:
        return (time.perf_counter() - self._started) * self._speed + self._ahead

    @override
    def advance(self, seconds: float) -> None:
        self._ahead += seconds


@dataclass(frozen=True)
class World:
    """The server as the playground shows it."""

    members: dict[str, MemberActor]
    channels: dict[str, ChannelHandle]
    is_new: bool


def restore(env: Env, file: Path) -> bool:
    """Put what a former run has left into a simulation that has not started; False if nothing."""
    if not file.is_file():
        return False
    with file.open("rb") as kept:
        state: dict[str, Any] = pickle.load(kept)  # noqa: S301 - written by `keep`, in our folder
    for name, value in state.items():
        setattr(env.backend, name, value)
    return True


def keep(env: Env, file: Path) -> None:
    """Write the simulation's world to a file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    with beside.open("wb") as kept:
        pickle.dump({name: getattr(env.backend, name) for name in _KEPT}, kept)
    beside.replace(file)


def build(env: Env) -> World:
    """Return the server: the one that was restored, or a new one."""
    found = next((g for g in env.backend.guilds.values() if g.name == GUILD), None)
    if found is None:
        guild = env.create_guild(GUILD)
        users = {name: env.create_user(name, global_name=name.capitalize()) for name in PEOPLE}
        members = {name: guild.add_member(user) for name, user in users.items()}
        for name, topic in CHANNELS.items():
            guild.create_text_channel(name, topic=topic)
    else:
        guild = GuildHandle(env, found)
        users = {
            user.name: UserHandle(env, user)
            for user in env.backend.users.values()
            if user.name in PEOPLE
        }
        members = {name: MemberActor(env, guild, user) for name, user in users.items()}
    return World(
        members=members,
        channels={name: guild.channels[name] for name in CHANNELS},
        is_new=found is None,
    )
