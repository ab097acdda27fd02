"""How much of each of Buffer's windows of requests is left, known to all processes.

Buffer says so on every answer, in the header fields of draft-ietf-httpapi-ratelimit-headers; the
names of its windows change with the plan, so they are told apart by their length.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from db.models import RateWindow
from db.session import Sessions
from services.buffer.errors import BufferLimited

_ITEM = re.compile(r'"([^"]*)"((?:\s*;\s*[\w-]+=[^;,]*)*)')
_PARAMETER = re.compile(r";\s*([\w-]+)=([^;,]*)")
_MOST_SECONDS = 2_592_000
_MOST = 2**31 - 1


class RateWindows:
    """The windows of one key."""

    def __init__(self, sessions: Sessions, vendor: str) -> None:
        self._sessions = sessions
        self._vendor = vendor

    async def acquire(self) -> None:
        """Count a request that is about to be made.

        Raises:
            BufferLimited: There is none left in a window.
        """
        mine = (RateWindow.vendor == self._vendor, RateWindow.resets_at > func.now())
        async with self._sessions.begin() as session:
            left = func.extract("epoch", RateWindow.resets_at - func.now())
            rows = await session.execute(
                select(RateWindow.seconds, RateWindow.remaining, left)
                .where(*mine)
                .order_by(RateWindow.seconds)
                .with_for_update()
            )
            for seconds, remaining, wait in rows:
                if remaining <= 0:
                    raise BufferLimited(seconds, max(float(wait), 1))
            await session.execute(
                update(RateWindow).where(*mine).values(remaining=RateWindow.remaining - 1)
            )

    async def record_headers(self, headers: Mapping[str, str]) -> None:
        """Keep what an answer says of the windows."""
        policy = _items(headers.get("RateLimit-Policy", ""))
        values: list[dict[str, Any]] = []
        for name, told in _items(headers.get("RateLimit", "")).items():
            seconds = number(policy.get(name, {}).get("w", ""))
            remaining, wait = number(told.get("r", "")), number(told.get("t", ""))
            if seconds is not None and remaining is not None and wait is not None:
                at = func.now() + timedelta(seconds=min(wait, _MOST_SECONDS))
                window = {"seconds": seconds, "remaining": remaining, "resets_at": at}
                values.append({"vendor": self._vendor, **window})
        await self._keep(values)

    async def exhaust(self, seconds: int, retry_after: float) -> None:
        """Keep that a window is used up."""
        at = func.now() + timedelta(seconds=min(retry_after, _MOST_SECONDS))
        await self._keep(
            [{"vendor": self._vendor, "seconds": seconds, "remaining": 0, "resets_at": at}]
        )

    async def _keep(self, values: list[dict[str, Any]]) -> None:
        if not values:
            return
        # Each once, in the order that `take` locks them in.
        by_length = {each["seconds"]: each for each in values}
        asked = insert(RateWindow).values([by_length[each] for each in sorted(by_length)])
        newer = {
            "remaining": text("excluded.remaining"),
            "resets_at": text("excluded.resets_at"),
        }
        async with self._sessions.begin() as session:
            await session.execute(
                asked.on_conflict_do_update(index_elements=["vendor", "seconds"], set_=newer)
            )


def number(text: str) -> int | None:
    """Return a number of a header, at most what a column holds; None where it is none."""
    return min(int(text[:12]), _MOST) if text.isascii() and text.isdecimal() else None


def _items(header: str) -> dict[str, dict[str, str]]:
    """Return the items of a list with their parameters (RFC 9651)."""
    return {
        name: {key: value.strip() for key, value in _PARAMETER.findall(rest)}
        for name, rest in _ITEM.findall(header)
    }
