"""What listens to messages that call nobody, known in memory, so that they cost no statement."""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActivatedChannel, Board
from db.session import Follower, Sessions, follow
from services.chat.mentions import candidate_names
from services.texts import printable

# The channel of NOTIFY on which processes hear of changes, by triggers of the tables.
_CHANNEL = "listening"
# As eight bytes each and sorted, a million names are eight megabytes, and nothing is decoded.
_NAMES = text("""
    SELECT coalesce(string_agg(int8send(key), '' ORDER BY key), '') FROM (
        SELECT DISTINCT ('x' || substr(md5(name), 1, 16))::bit(64)::bigint AS key FROM (
            SELECT lower(name) AS name FROM personalities WHERE deleted_at IS NULL
            UNION ALL SELECT lower(alias) FROM personality_aliases
        ) named
    ) keyed
""")


class Listening:
    """Where somebody answers whatever is said, where boards are, and which names mean somebody.

    It follows the database: `is_fresh` says whether it is known to be as it is there. Names are
    those of all servers, so that one of them may mean nobody where it is said.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._follower = Follower()
        self._activated: frozenset[int] = frozenset()
        self._boards: frozenset[int] = frozenset()
        self._names = array("q")

    @property
    def is_fresh(self) -> bool:
        """Whether what is known is as it is in the database."""
        return self._follower.is_fresh

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Follow the database while the context is open."""
        async with follow(self._sessions, _CHANNEL, self.read, follower=self._follower):
            yield

    async def read(self) -> None:
        """Read what listens."""
        async with self._sessions() as session:
            self._activated = await _ids(session, select(ActivatedChannel.channel_id).distinct())
            open_boards = select(Board.channel_id).where(Board.closed_at.is_(None))
            self._boards = await _ids(session, open_boards)
            keys = await session.scalar(_NAMES)
        names = array("q")
        names.frombytes(keys or b"")
        names.byteswap()  # the network's order is big-endian
        self._names = names

    def answers_all(self, channel_ids: Collection[int]) -> bool:
        """Whether somebody answers whatever is said in one of these channels."""
        return not self._activated.isdisjoint(channel_ids)

    def is_board(self, channel_ids: Collection[int]) -> bool:
        """Whether one of these channels is a board."""
        return not self._boards.isdisjoint(channel_ids)

    def names_somebody(self, content: str) -> bool:
        """Whether a text has a name after an `@` that means somebody somewhere."""
        return "@" in content and any(
            self._is_name(name) for names in candidate_names(printable(content)) for name in names
        )

    def _is_name(self, name: str) -> bool:
        digest = hashlib.md5(name.encode(), usedforsecurity=False).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        at = bisect_left(self._names, key)
        return at < len(self._names) and self._names[at] == key


async def _ids(session: AsyncSession, statement: Any) -> frozenset[int]:
    return frozenset((await session.scalars(statement)).all())
