"""Whose names in a server look like another."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import discord

from services.names import appearance

# How long the names of a server's members are remembered.
_SECONDS = 60


class MemberNames:
    """The names of the members and roles of servers, by what they look like."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Mapping[str, frozenset[int]]]] = {}

    async def find(self, guild: discord.Guild, name: str) -> frozenset[int]:
        """Return the members and roles of a server whose name looks like this one."""
        known = self._known.get(guild.id)
        if known is None or time.monotonic() - known[0] > _SECONDS:
            members = [(each.id, (each.display_name, each.name)) for each in guild.members]
            members += [(role.id, (role.name,)) for role in guild.roles if not role.is_default()]
            names = await asyncio.to_thread(_by_appearance, members)
            known = self._known[guild.id] = (time.monotonic(), names)
        return known[1].get(appearance(name), frozenset())


def _by_appearance(
    members: Sequence[tuple[int, tuple[str, ...]]],
) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for member_id, names in members:
        for name in names:
            found.setdefault(appearance(name), set()).add(member_id)
    return {name: frozenset(ids) for name, ids in found.items() if name}
