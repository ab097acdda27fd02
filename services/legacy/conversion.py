"""Conversion of old values to our columns."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from services.errors import TextEmpty
from services.legacy.shapes import Row
from services.llm import VENDORS
from services.llm_configs import PARAMETERS
from services.texts import NAME_LIMIT, clean_name, shorten

_SNOWFLAKE = re.compile(r"[0-9]{1,19}")
_MAX_SNOWFLAKE = 2**63 - 1
_MAX_LENGTH = 1000  # characters: far more than any name; the rest is cut before cleaning


class NameRegistry:
    """A set of unique names, case-insensitive. Duplicates get a number."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(map(_fold, taken))

    def reserve(self, *names: str) -> None:
        """Mark names as taken."""
        self._taken.update(map(_fold, names))

    def is_free(self, name: str) -> bool:
        """Whether nothing has this name."""
        return _fold(name) not in self._taken

    def assign(self, wanted: str) -> str:
        """Return the wanted name, changed as little as necessary, and mark it as taken."""
        try:
            clean = clean_name(wanted[:_MAX_LENGTH], limit=2 * _MAX_LENGTH)
        except TextEmpty:
            clean = "unnamed"
        name, number = shorten(clean, NAME_LIMIT), 1
        while _fold(name) in self._taken:
            number += 1
            # Without a space: names that can be addressed have at most four words.
            suffix = f"-{number}"
            name = shorten(clean, NAME_LIMIT - len(suffix)) + suffix
        self.reserve(name)
        return name


def _fold(name: str) -> str:
    """Return a key that is equal for names that PostgreSQL's `lower` may treat as equal."""
    return "".join(character.lower()[0] for character in name).casefold()


def to_uuid(value: Any) -> UUID | None:
    """Return a reference to another row as a UUID, or None if it is empty."""
    return UUID(value) if value else None


def to_snowflake(value: Any) -> int | None:
    """Return a Discord id, or None if the value is not valid."""
    text = str(value).strip()
    number = int(text) if _SNOWFLAKE.fullmatch(text) else 0
    return number if 0 < number <= _MAX_SNOWFLAKE else None


def to_snowflakes(value: Any) -> list[int]:
    """Return the valid Discord ids of a value or a list of values."""
    values = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [number for each in values if (number := to_snowflake(each)) is not None]


def to_datetime(value: Any) -> datetime | None:
    """Return a time; without a time zone it is taken as UTC."""
    if value is None:
        return None
    time = datetime.fromisoformat(value)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def to_timestamps(row: Row) -> dict[str, datetime]:
    """Return the timestamps of a row, without missing ones."""
    timestamps = {name: to_datetime(row.get(name)) for name in ("created_at", "updated_at")}
    return {name: time for name, time in timestamps.items() if time is not None}


def to_json_object(value: Any) -> dict[str, Any] | None:
    """Return a JSON object, or None for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def to_vendor_model(model: str) -> str:
    """Return a model as `vendor/model`."""
    vendor, slash, _ = model.partition("/")
    if slash and vendor in VENDORS:
        return model
    return f"openrouter/{model}" if slash else f"openai/{model}"


def to_parameter(name: str, value: Any) -> float | int | None:
    """Return a parameter of a model, or None if it is not within its bounds."""
    low, high, is_integer = PARAMETERS[name]
    if not isinstance(value, int | float) or not low <= value <= high:
        return None
    if is_integer:
        return int(value) if value == int(value) else None
    return value
