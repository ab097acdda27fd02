"""Whose names in a server look like another."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import discord

from services.names import appearance

# How long the names of a server's members are remembered.
_SECONDS = 60
# How long an answer waits for the members of a server, once.
_WAIT_SECONDS = 1.5
_MAX_NAME, _MOST = 32, 100


class MemberNames:
    """The names of the members and roles of servers, by what they look like."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Mapping[str, frozenset[int]]]] = {}

    async def find(self, guild: discord.Guild, name: str) -> frozenset[int]:
        """Return the members and roles of a server whose name looks like this one."""
        known = self._known.get(guild.id)
        if known is None or time.monotonic() - known[0] > _SECONDS:
            members = [
                (each.id, (each.display_name, each.name)) for each in await all_members(guild, name)
            ]
            members += [(role.id, (role.name,)) for role in guild.roles if not role.is_default()]
            names = await asyncio.to_thread(_by_appearance, members)
            known = self._known[guild.id] = (time.monotonic(), names)
        return known[1].get(appearance(name), frozenset())


async def all_members(guild: discord.Guild, name: str = "") -> Sequence[discord.Member]:
    """Return the members of a server, as far as Discord tells: those with this name, at least.

    All are asked for where that is not known yet. Of a server whose members do not come at once,
    or may not be seen, those are returned that are known or whose name begins with this one.
    """
    if guild.chunked:
        return guild.members
    try:
        await asyncio.wait_for(guild.chunk(), _WAIT_SECONDS)
    except (TimeoutError, discord.ClientException):
        # They may still come; without the intent, only names are answered.
        if name:
            with suppress(TimeoutError, discord.ClientException):
                await guild.query_members(name[:_MAX_NAME], limit=_MOST)
    return guild.members


def _by_appearance(
    members: Sequence[tuple[int, tuple[str, ...]]],
) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for member_id, names in members:
        for name in names:
            found.setdefault(appearance(name), set()).add(member_id)
    return {name: frozenset(ids) for name, ids in found.items() if name}
