"""Rate limits that all processes share, through the database.

`RateWindows` follows the windows that a vendor reports in the header fields of
draft-ietf-httpapi-ratelimit-headers, `take_slot` our own limit of requests a minute.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import RateWindow, VendorMinute
from db.session import Sessions

_ITEM = re.compile(r'"([^"]*)"((?:\s*;\s*[\w-]+=[^;,]*)*)')
_PARAMETER = re.compile(r";\s*([\w-]+)=([^;,]*)")
_MAX_SECONDS = 2_592_000
_MAX_INTEGER = 2**31 - 1


@dataclass(eq=False)
class WindowExhausted(Exception):
    """A window of `seconds` has no request left for `retry_after` seconds."""

    seconds: int
    retry_after: float


class RateWindows:
    """The windows of a vendor's key, identified by their length: their names depend on the plan."""

    def __init__(self, sessions: Sessions, vendor: str) -> None:
        self._sessions = sessions
        self._vendor = vendor

    async def acquire(self) -> None:
        """Count a request that is about to be sent.

        Raises:
            WindowExhausted: No request is left in a window.
        """
        current = (RateWindow.vendor == self._vendor, RateWindow.resets_at > func.now())
        async with self._sessions.begin() as session:
            seconds_left = func.extract("epoch", RateWindow.resets_at - func.now())
            rows = await session.execute(
                select(RateWindow.seconds, RateWindow.remaining, seconds_left)
                .where(*current)
                .order_by(RateWindow.seconds)
                .with_for_update()
            )
            for seconds, remaining, wait in rows:
                if remaining <= 0:
                    raise WindowExhausted(seconds, max(float(wait), 1))
            await session.execute(
                update(RateWindow).where(*current).values(remaining=RateWindow.remaining - 1)
            )

    async def record_headers(self, headers: Mapping[str, str]) -> None:
        """Save the windows that the headers of a response describe."""
        policy = _parse_items(headers.get("RateLimit-Policy", ""))
        windows: list[dict[str, Any]] = []
        for name, parameters in _parse_items(headers.get("RateLimit", "")).items():
            seconds = parse_number(policy.get(name, {}).get("w", ""))
            remaining = parse_number(parameters.get("r", ""))
            wait = parse_number(parameters.get("t", ""))
            if seconds is not None and remaining is not None and wait is not None:
                at = func.now() + timedelta(seconds=min(wait, _MAX_SECONDS))
                window = {"seconds": seconds, "remaining": remaining, "resets_at": at}
                windows.append({"vendor": self._vendor, **window})
        await self._save(windows)

    async def exhaust(self, seconds: int, retry_after: float) -> None:
        """Save that a window is used up."""
        at = func.now() + timedelta(seconds=min(retry_after, _MAX_SECONDS))
        await self._save(
            [{"vendor": self._vendor, "seconds": seconds, "remaining": 0, "resets_at": at}]
        )

    async def _save(self, windows: list[dict[str, Any]]) -> None:
        if not windows:
            return
        # Each once, and in the order in which `acquire` locks them.
        by_length = {each["seconds"]: each for each in windows}
        statement = insert(RateWindow).values([by_length[each] for each in sorted(by_length)])
        excluded = {
            "remaining": text("excluded.remaining"),
            "resets_at": text("excluded.resets_at"),
        }
        async with self._sessions.begin() as session:
            await session.execute(
                statement.on_conflict_do_update(index_elements=["vendor", "seconds"], set_=excluded)
            )


def parse_number(text: str) -> int | None:
    """Return a number of a header, capped to the column's range, or None if it is not a number."""
    return min(int(text[:12]), _MAX_INTEGER) if text.isascii() and text.isdecimal() else None


def _parse_items(header: str) -> dict[str, dict[str, str]]:
    """Return the items of a structured list with their parameters (RFC 9651)."""
    return {
        name: {key: value.strip() for key, value in _PARAMETER.findall(rest)}
        for name, rest in _ITEM.findall(header)
    }


async def take_slot(session: AsyncSession, vendor: str, minute: datetime, limit: int) -> bool:
    """Count a request to a vendor; False if the limit of this minute is reached."""
    statement = insert(VendorMinute).values(vendor=vendor, minute=minute, requests=1)
    counted = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["vendor", "minute"],
            set_={"requests": VendorMinute.requests + 1},
            where=VendorMinute.requests < limit,
        ).returning(VendorMinute.requests)
    )
    return counted is not None


async def prune_minutes(session: AsyncSession, before: datetime) -> None:
    """Delete the request counts of minutes before a time."""
    await session.execute(delete(VendorMinute).where(VendorMinute.minute < before))
