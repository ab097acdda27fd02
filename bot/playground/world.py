"""The simulated server: its members and channels, saved between runs."""
# pyright: reportPrivateUsage=false

import asyncio
import hashlib
import logging
import secrets
from collections import UserDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import discord
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from simcord._clock import Clock
from simcord.actors import MemberActor
from simcord.backend.models import Channel, Guild, GuildEmoji, Message, User, Webhook
from simcord.builders import GuildHandle, UserHandle
from simcord.env import Env
from typing_extensions import override

from services.clock import FastClock

log = logging.getLogger(__name__)

GUILD = "The Playground"
# Alice runs the bot, Bob is a member, Mod moderates.
PEOPLE = ("alice", "bob", "mod")
# What those are there for who are there from the beginning.
DUTIES = {"alice": "runs the bot", "bob": "a member", "mod": "moderates"}
_ROLES = {"alice": ("Operators", "Moderators"), "mod": ("Moderators",)}
_PERMISSIONS = {
    "Operators": discord.Permissions(manage_guild=True, manage_messages=True),
    "Moderators": discord.Permissions(manage_messages=True),
}
CHANNELS = {
    "lobby": "Call anybody by name: @Mirela, @Professor Quill, @Bex.",
    "lighthouse": "Mirela answers everything here.",
    "square": "A board: here they post and talk among themselves. /board settings",
    "feed": "The photos that they post. /schedule calendar shows what comes next.",
}
# How slowly a paused clock runs: what is due then can still be told in years.
PAUSED: Final = 0.001
_VERSION: Final = 1
_NAME_LENGTH: Final = 32
# Of an id, what tells those of a millisecond apart.
_SEQUENCE_BITS: Final = 22
_SEQUENCE: Final = (1 << _SEQUENCE_BITS) - 1
# The state of simcord's backend that a restart would lose, and how it is written.
_SAVED: Mapping[str, TypeAdapter[Any]] = {
    "users": TypeAdapter(dict[int, User]),
    "guilds": TypeAdapter(dict[int, Guild]),
    "channels": TypeAdapter(dict[int, Channel]),
    "webhooks": TypeAdapter(dict[int, Webhook]),
    "webhook_tokens": TypeAdapter(dict[str, int]),
    "dm_channels": TypeAdapter(dict[int, int]),
    "application_emojis": TypeAdapter(dict[int, GuildEmoji]),
    "application_id": TypeAdapter(int),
    "bot_user": TypeAdapter(User),
}
_MESSAGES = TypeAdapter(dict[int, Message])


class RunningClock(Clock):
    """Simcord's clock, running with the bot's."""

    def __init__(self, clock: FastClock) -> None:
        self._clock = clock
        self._offset = 0.0
        self._epoch = clock.now()

    @property
    def speed(self) -> float:
        """Return how many times as fast as real time it runs; 0 is paused."""
        return 0 if self._clock.speed == PAUSED else self._clock.speed

    @property
    @override
    def elapsed(self) -> float:
        return (self._clock.now() - self._epoch).total_seconds() + self._offset

    @override
    def advance(self, seconds: float) -> None:
        self._offset += seconds


class _StoredFiles(UserDict[str, bytes]):
    """The files of a simulated CDN, by their addresses, in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    @override
    def __setitem__(self, url: str, data: bytes) -> None:
        path = self._path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    @override
    def __getitem__(self, url: str) -> bytes:
        try:
            return self._path(url).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(url) from error

    @override
    def __contains__(self, url: object) -> bool:
        return isinstance(url, str) and self._path(url).is_file()

    def _path(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()


@dataclass(frozen=True)
class World:
    """The server as the playground shows it. `token` is in the address of its page."""

    guild: GuildHandle
    members: dict[str, MemberActor]
    token: str
    is_new: bool


class WorldFile:
    """A file with the state of the simulation, and beside it a folder with what was uploaded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.token = secrets.token_urlsafe(16)
        # That of the page, so that a window that is open finds it again.
        self.port = 0

    def saved_time(self) -> datetime:
        """Return the time of the saved state or now, whichever is later."""
        now = datetime.now(UTC)
        try:
            return max(datetime.fromisoformat(self._read()["moment"]), now)
        except (OSError, ValueError, KeyError, TypeError):
            return now

    def restore(self, env: Env) -> bool:
        """Load the state into a simulation that has not started; return whether there was one."""
        backend: Any = env.backend
        backend.cdn._blobs = _StoredFiles(self._path.parent / "playground-files")
        if not self._path.is_file():
            return False
        try:
            state = self._read()
            if state["version"] != _VERSION:
                raise ValueError(f"version {state['version']}")  # noqa: TRY301 - as any other fault
            loaded = {
                name: adapter.validate_python(state[name]) for name, adapter in _SAVED.items()
            }
            messages = {
                int(channel_id): _MESSAGES.validate_python(each)
                for channel_id, each in state["messages"].items()
            }
            self.token = str(state["token"])
            self.port = int(state.get("port", 0))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
            log.warning(
                "The simulated Discord begins anew: %s cannot be read: %s", self._path, error
            )
            return False
        for name, value in loaded.items():
            setattr(backend, name, value)
        backend.messages = messages
        backend.users[backend.bot_user.id] = backend.bot_user
        # Ids are never given twice, and go on from the last of a millisecond.
        known = {*backend.users, *backend.channels, *backend.webhooks, *backend.guilds}
        known |= {message_id for stored in messages.values() for message_id in stored}
        backend._reserved_ids = known
        for each in sorted(known):
            backend._sequences[each >> _SEQUENCE_BITS] = (each & _SEQUENCE) + 1
        return True

    async def save(self, env: Env) -> None:
        """Save the state of the simulation, atomically; nothing waits long for it."""
        messages: dict[str, Any] = {}
        for channel_id in list(env.backend.messages):
            messages |= self._messages(env, channel_id)
            await asyncio.sleep(0)
        await asyncio.to_thread(self._write, {**self._state(env), "messages": messages})

    def save_now(self, env: Env) -> None:
        """Save the state of the simulation, atomically, at once."""
        messages: dict[str, Any] = {}
        for channel_id in list(env.backend.messages):
            messages |= self._messages(env, channel_id)
        self._write({**self._state(env), "messages": messages})

    def _state(self, env: Env) -> dict[str, Any]:
        saved = {
            name: adapter.dump_python(getattr(env.backend, name), mode="json")
            for name, adapter in _SAVED.items()
        }
        moment = env.backend.clock.now().isoformat()
        return {
            "version": _VERSION,
            "token": self.token,
            "port": self.port,
            "moment": moment,
            **saved,
        }

    def _messages(self, env: Env, channel_id: int) -> dict[str, Any]:
        stored = env.backend.messages.get(channel_id, {})
        return {str(channel_id): _MESSAGES.dump_python(stored, mode="json")}

    def _read(self) -> dict[str, Any]:
        return from_json(self._path.read_bytes())

    def _write(self, state: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        temporary.write_bytes(to_json(state))
        temporary.replace(self._path)


def build(env: Env, token: str) -> World:
    """Return the server that was restored, or create one."""
    existing = next((g for g in env.backend.guilds.values() if g.name == GUILD), None)
    if existing is None:
        guild = env.create_guild(GUILD)
        for name, permissions in _PERMISSIONS.items():
            guild.create_role(name, permissions=permissions)
    else:
        guild = GuildHandle(env, existing)
    members = {
        user.name: MemberActor(env, guild, UserHandle(env, user))
        for user in env.backend.users.values()
        if not user.bot
        and user.id in env.backend.guilds[guild.id].members
        and user.id != env.backend.guilds[guild.id].owner_id
    }
    for name in PEOPLE:
        if name not in members:
            members[name] = join(env, guild, name.capitalize(), roles=_ROLES.get(name, ()))
    for name, topic in CHANNELS.items():
        if name not in guild.channels:
            guild.create_text_channel(name, topic=topic)
    return World(guild=guild, members=members, token=token, is_new=existing is None)


async def fetch_member(guild: discord.Guild, member: MemberActor) -> discord.Member:
    """Return somebody as the bot knows them; after a start it does not at once."""
    return guild.get_member(member.id) or await guild.fetch_member(member.id)


def join(env: Env, guild: GuildHandle, name: str, *, roles: Sequence[str] = ()) -> MemberActor:
    """Let somebody new join the server."""
    shown = " ".join(name.split())[:_NAME_LENGTH]
    user = env.create_user(shown.lower().replace(" ", "."), global_name=shown)
    return guild.add_member(user, roles=[guild.roles[role] for role in roles])
