"""Time zones that people choose: names of the IANA database, and fixed offsets."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from services.errors import UnknownTimeZone

# The zone in which most people live who use a language of Discord's; where they live in many, none.
_OF_LOCALES: Mapping[str, str] = {
    "bg": "Europe/Sofia",
    "cs": "Europe/Prague",
    "da": "Europe/Copenhagen",
    "de": "Europe/Berlin",
    "el": "Europe/Athens",
    "en-GB": "Europe/London",
    "es-ES": "Europe/Madrid",
    "fi": "Europe/Helsinki",
    "fr": "Europe/Paris",
    "hi": "Asia/Kolkata",
    "hr": "Europe/Zagreb",
    "hu": "Europe/Budapest",
    "id": "Asia/Jakarta",
    "it": "Europe/Rome",
    "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul",
    "lt": "Europe/Vilnius",
    "nl": "Europe/Amsterdam",
    "no": "Europe/Oslo",
    "pl": "Europe/Warsaw",
    "pt-BR": "America/Sao_Paulo",
    "ro": "Europe/Bucharest",
    "ru": "Europe/Moscow",
    "sv-SE": "Europe/Stockholm",
    "th": "Asia/Bangkok",
    "tr": "Europe/Istanbul",
    "uk": "Europe/Kyiv",
    "vi": "Asia/Ho_Chi_Minh",
    "zh-CN": "Asia/Shanghai",
    "zh-TW": "Asia/Taipei",
}
# The parts of a day, each from an hour on.
_PARTS_OF_DAY = (
    (0, "at night"),
    (5, "early in the morning"),
    (8, "in the morning"),
    (12, "around noon"),
    (14, "in the afternoon"),
    (18, "in the evening"),
    (22, "at night"),
)
# `UTC+2`, `GMT-03:00`, `+5:30`.
_OFFSET = re.compile(r"(?:utc|gmt|z)?\s{0,3}([+\-−])\s{0,3}(\d{1,2})(?::?(\d{2}))?")
_FIXED = re.compile(r"Etc/GMT([+-])(\d{1,2})")
# Not offered: `EST` has no summer time, `localtime` is the server's, `Etc/GMT+2` is behind UTC.
_HIDDEN = ("Etc/", "posix/", "right/", "SystemV/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/")
_SEASONS = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))
_MAX_FIXED = 14


def parse_time_zone(name: str) -> ZoneInfo:
    """Return a time zone by its name, ignoring case, or by an offset from UTC such as `GMT+2`.

    Raises:
        UnknownTimeZone: There is no such time zone.
    """
    typed = name.strip()
    if (offset := _parse_offset(typed)) is not None:
        zones = _with_offset(offset)
        if not zones:
            raise UnknownTimeZone(name)
        return ZoneInfo(zones[0])
    key = _zones().get(typed.replace(" ", "_").lower())
    if key is None:
        raise UnknownTimeZone(name)
    return ZoneInfo(key)


def search_time_zones(typed: str, *, limit: int = 25) -> list[str]:
    """Return names of time zones that contain typed text, or that always have a typed offset."""
    if (offset := _parse_offset(typed.strip())) is not None:
        return _with_offset(offset)[:limit]
    wanted = typed.strip().replace(" ", "_").lower()
    named = [each for lower, each in _zones().items() if wanted in lower and _is_offered(each)]
    return sorted(named, key=lambda each: (each != "UTC" or not wanted, each))[:limit]


def time_zone_label(name: str) -> str:
    """Return a time zone as people read it: `Etc/GMT-2` is two hours ahead, so it is `UTC+2`."""
    match = _FIXED.fullmatch(name)
    if match is None:
        return name
    return f"UTC{'-' if match[1] == '+' else '+'}{match[2]}" if match[2] != "0" else "UTC"


def zone_of_locale(locale: str | None) -> str | None:
    """Return the likely time zone of somebody with a language of Discord's, or None."""
    return _OF_LOCALES.get(locale or "")


def part_of_day(at: datetime) -> str:
    """Return the part of the day of a local time, such as `in the evening`."""
    return next(words for hour, words in reversed(_PARTS_OF_DAY) if at.hour >= hour)


@cache
def _zones() -> dict[str, str]:
    """Return the names of all time zones by their lower-case form; cached, as it reads files."""
    names = (each for each in available_timezones() if each not in ("Factory", "localtime"))
    return {each.lower(): each for each in names}


def _is_offered(name: str) -> bool:
    return name == "UTC" or ("/" in name and not name.startswith(_HIDDEN))


def _parse_offset(typed: str) -> timedelta | None:
    match = _OFFSET.fullmatch(typed.lower())
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return size if match[1] == "+" else -size


@cache
def _with_offset(offset: timedelta) -> list[str]:
    """Return the zones that have an offset all year, the fixed one first."""
    hours, rest = divmod(abs(offset), timedelta(hours=1))
    sign = "-" if offset > timedelta(0) else "+"  # signs of these names are POSIX's: reversed
    fixed = [f"Etc/GMT{sign}{hours}"] if not rest and 0 < hours <= _MAX_FIXED else []
    if not offset:
        fixed = ["UTC"]
    cities = [
        each
        for each in sorted(_zones().values())
        if _is_offered(each)
        and "/" in each
        and all(at.astimezone(ZoneInfo(each)).utcoffset() == offset for at in _SEASONS)
    ]
    return [*(each for each in fixed if each.lower() in _zones()), *cities]
