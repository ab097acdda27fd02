"""What a moderator types about a board, as its columns."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.engine.errors import BadHours, BadTimeZone
from services.texts import clean_text

TOPIC, TONE = 300, 200


def columns_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns of a board from what a moderator typed."""
    columns: dict[str, Any] = {
        name: changes[name]
        for name in ("kind", "acts_per_day", "daily_budget_usd", "model_votes")
        if changes.get(name) is not None
    }
    for name, limit in (("topic", TOPIC), ("tone", TONE)):
        if changes.get(name) is not None:
            columns[name] = clean_text(changes[name], field=name, limit=limit)
    if (hours := changes.get("quiet")) is not None:
        columns["quiet_from"], columns["quiet_until"] = _hours(hours)
    if (zone := changes.get("time_zone")) is not None:
        try:
            columns["time_zone"] = ZoneInfo(zone).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise BadTimeZone(zone) from error
    return columns


def _hours(text: str) -> tuple[time | None, time | None]:
    """Read `23:00-07:00`; `never` is none at all."""
    if text.strip().lower() in ("never", "none", "-"):
        return None, None
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise BadHours(text) from error
    if begin == end or begin.tzinfo or end.tzinfo:
        raise BadHours(text)
    return begin, end
