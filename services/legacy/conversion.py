"""Old values made to fit our tables."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from services.errors import TextEmpty
from services.legacy.source import Row
from services.llm import VENDORS
from services.llm_configs import PARAMETERS
from services.texts import NAME_LIMIT, clean_name, shorten

_SNOWFLAKE = re.compile(r"[0-9]{1,19}")
_LARGEST = 2**63 - 1
_LONGEST = 1000  # far more than any name; what is left is shortened


class NameRegistry:
    """Names that must differ, whatever their letter case. Who comes late gets a number."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(map(_alike, taken))

    def take(self, *names: str) -> None:
        """Let names be taken as they are."""
        self._taken.update(map(_alike, names))

    def give(self, wanted: str) -> str:
        """Return the wanted name, changed as little as it must be, and take it."""
        try:
            clean = clean_name(wanted[:_LONGEST], limit=2 * _LONGEST)
        except TextEmpty:
            clean = "unnamed"
        name, number = shorten(clean, NAME_LIMIT), 1
        while _alike(name) in self._taken:
            number += 1
            # Without a space: whoever is called by name may have four words and no more.
            ending = f"-{number}"
            name = shorten(clean, NAME_LIMIT - len(ending)) + ending
        self.take(name)
        return name


def _alike(name: str) -> str:
    """Return what names share that PostgreSQL's `lower` may take for the same."""
    return "".join(character.lower()[0] for character in name).casefold()


def key(value: Any) -> UUID | None:
    """Return a reference to another row."""
    return UUID(value) if value else None


def snowflake(value: Any) -> int | None:
    """Return an id of Discord, or None where it is none."""
    text = str(value).strip()
    number = int(text) if _SNOWFLAKE.fullmatch(text) else 0
    return number if 0 < number <= _LARGEST else None


def snowflakes(value: Any) -> list[int]:
    """Return ids of Discord from one, several or none."""
    several = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [number for each in several if (number := snowflake(each)) is not None]


def moment(value: Any) -> datetime | None:
    """Return a time; where the old column has no zone, it is in UTC."""
    if value is None:
        return None
    time = datetime.fromisoformat(value)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def dates(row: Row) -> dict[str, datetime]:
    """Return when a row was made and changed, as far as it says."""
    told = {name: moment(row.get(name)) for name in ("created_at", "updated_at")}
    return {name: time for name, time in told.items() if time is not None}


def document(value: Any) -> dict[str, Any] | None:
    """Return a JSON object; anything else is None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def vendor_model(model: str) -> str:
    """Return a model as `vendor/model`."""
    vendor, slash, _ = model.partition("/")
    if slash and vendor in VENDORS:
        return model
    return f"openrouter/{model}" if slash else f"openai/{model}"


def parameter(name: str, value: Any) -> float | int | None:
    """Return a parameter of a model, or None where it is not within its bounds."""
    low, high, whole = PARAMETERS[name]
    if not isinstance(value, int | float) or not low <= value <= high:
        return None
    if whole:
        return int(value) if value == int(value) else None
    return value
