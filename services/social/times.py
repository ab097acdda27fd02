"""Parsing of times that people write, and weekly slots of targets."""

import heapq
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.social.errors import (
    SlotsUnclear,
    TimeInGap,
    TimePast,
    TimeTooFar,
    TimeUnclear,
)

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MAX_SLOTS = 100
_DAY = timedelta(days=1)
_MAX_AHEAD = timedelta(days=730)
_NOON, _HALF_DAY, _MINUTES = 12, 12, 60
_TIMESTAMP = re.compile(r"<t:(\d{1,12})(?::[tTdDfFR])?>")
_SPAN = re.compile(r"in (\d{1,4}|an?) (minute|hour|day|week)s?")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?|(noon)|(midnight)")
_ISO = re.compile(r"^(\d{4}-\d{1,2}-\d{1,2})t")
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
)


def to_utc(local: datetime, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """Convert a local time in a zone to UTC.

    Of a time that clocks repeat it is the first occurrence, or with `fold=1` the second; one that
    clocks skip is shifted forward by the gap (PEP 495).
    """
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def parse_time(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Parse a time that somebody wrote, in their time zone, to the minute.

    Raises:
        TimeInGap: Clocks skip it when daylight saving time begins.
        TimePast, TimeTooFar: Nothing can be scheduled for then.
        TimeUnclear: It has none of the supported formats.
    """
    words = " ".join(text.lower().split())
    try:
        at = _parse_absolute(words, now) or _parse_local(words, text, zone, now)
    except OverflowError as error:  # at the ends of the calendar
        raise TimeUnclear(text) from error
    at = at.replace(second=0, microsecond=0)
    if at <= now:
        raise TimePast(f"{at.astimezone(zone):%Y-%m-%d %H:%M}", zone.key)
    if at > now + _MAX_AHEAD:
        raise TimeTooFar(at)
    return at


def _parse_absolute(words: str, now: datetime) -> datetime | None:
    """Parse a time that does not depend on a time zone."""
    if words == "now":
        return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if timestamp := _TIMESTAMP.fullmatch(words):
        return datetime.fromtimestamp(min(int(timestamp[1]), 253_402_300_799), UTC)
    if span := _SPAN.fullmatch(words):
        number = 1 if span[1] in ("a", "an") else int(span[1])
        return now + timedelta(**{f"{span[2]}s": number})
    try:
        at = datetime.fromisoformat(words.upper())
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def _parse_local(words: str, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    today = now.astimezone(zone).date()
    day, clock = _parse_day(words.replace(" at ", " "), today)
    hour_minute = _parse_clock(clock)
    if hour_minute is None:
        raise TimeUnclear(text)
    if day is None:
        is_over = _next_occurrence(datetime.combine(today, hour_minute), zone, now) <= now
        day = today + _DAY if is_over else today
    local = datetime.combine(day, hour_minute)
    is_weekday = words.split(maxsplit=1)[0].rstrip(",") in _weekdays()
    if is_weekday and _next_occurrence(local, zone, now) <= now:
        local += 7 * _DAY
    at = _next_occurrence(local, zone, now)
    if at.astimezone(zone).replace(tzinfo=None) != local:
        raise TimeInGap(f"{local:%Y-%m-%d %H:%M}", zone.key)
    return at


def _next_occurrence(local: datetime, zone: ZoneInfo, now: datetime) -> datetime:
    """Return a local time in UTC; the second of a repeated one if the first is over."""
    first = to_utc(local, zone)
    return first if first > now else to_utc(local, zone, fold=1)


def _parse_day(words: str, today: date) -> tuple[date | None, str]:
    """Parse the day at the beginning of words, if any; return it and the rest."""
    first, _, rest = words.partition(" ")
    first = first.rstrip(",")
    if first in ("today", "tomorrow"):
        return today + (_DAY if first == "tomorrow" else timedelta(0)), rest
    if (weekday := _weekdays().get(first)) is not None:
        return today + timedelta(days=(weekday - today.weekday()) % 7), rest
    first, _, rest = _ISO.sub(r"\1 ", words).partition(" ")
    for pattern in _DATES:
        if match := pattern.fullmatch(first):
            try:
                return date(int(match["year"]), int(match["month"]), int(match["day"])), rest
            except ValueError:
                return None, "no such day"
    return None, words


def _weekdays() -> dict[str, int]:
    return {
        name: number
        for number, day in enumerate(DAYS)
        for name in (day.lower(), day[:3].lower(), day[:2].lower())
    }


def _parse_clock(words: str) -> time | None:
    """Parse a time of day: 18:00, 6 pm, noon. A bare hour is rejected: it could be a day."""
    match = _CLOCK.fullmatch(words.strip())
    if match is None or (match[1] and not match[2] and not match[3]):
        return None
    if match[4] or match[5]:
        return time(_NOON if match[4] else 0)
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if match[3] == "pm" else 0)
    return time(hour, minute) if hour < 2 * _HALF_DAY and minute < _MINUTES else None


@dataclass(frozen=True, order=True)
class Slot:
    """A time of the week: weekday 0 is Monday, `minute` counts from midnight."""

    weekday: int
    minute: int


def parse_slots(text: str) -> list[Slot]:
    """Parse lines of weekly slots, like `Mon-Fri 09:00, 18:30`.

    Raises:
        SlotsUnclear: A line cannot be parsed, or there are too many slots.
    """
    slots: set[Slot] = set()
    for line in filter(None, (each.strip() for each in text.splitlines())):
        days, _, clocks = line.lower().partition(" ")
        times = [_parse_clock(each) for each in clocks.split(",")]
        if not (weekdays := _parse_days(days.rstrip(":"))) or not all(times):
            # `time(0)` is truthy, so that midnight passes.
            raise SlotsUnclear(line[:80])
        slots |= {
            Slot(day, each.hour * 60 + each.minute) for day in weekdays for each in times if each
        }
    if len(slots) > MAX_SLOTS:
        raise SlotsUnclear(f"{len(slots)} times")
    return sorted(slots)


def format_slots(slots: Collection[Slot]) -> str:
    """Return slots as lines for `parse_slots`, with adjacent days of equal times combined."""
    by_day = {
        day: tuple(sorted(each.minute for each in slots if each.weekday == day))
        for day in range(len(DAYS))
    }
    lines: list[str] = []
    day = 0
    while day < len(DAYS):
        last = day
        while last + 1 < len(DAYS) and by_day[last + 1] == by_day[day]:
            last += 1
        if times := by_day[day]:
            named = DAYS[day][:3] if last == day else f"{DAYS[day][:3]}-{DAYS[last][:3]}"
            clocks = ", ".join(f"{each // 60:02}:{each % 60:02}" for each in times)
            lines.append(f"{'Daily' if last - day == len(DAYS) - 1 else named} {clocks}")
        day = last + 1
    return "\n".join(lines)


def _parse_days(words: str) -> list[int]:
    names = _weekdays()
    if words in ("daily", "every"):
        return list(range(len(DAYS)))
    weekdays: list[int] = []
    for part in words.split(","):
        first, dash, last = part.partition("-")
        if first not in names or (dash and last not in names):
            return []
        length = (names[last] - names[first]) % 7 if dash else 0
        weekdays += [(names[first] + step) % 7 for step in range(length + 1)]
    return weekdays


def occurrences(slots: Sequence[Slot], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the distinct times of slots later than `after`, in order.

    A slot in an hour that clocks skip is shifted forward; one in a repeated hour occurs once.
    """
    if not slots:
        return
    day = after.astimezone(zone).date() - _DAY
    coming: list[datetime] = []
    last = after
    while True:
        for each in slots:
            if each.weekday == day.weekday():
                clock = time(each.minute // 60, each.minute % 60)
                heapq.heappush(coming, to_utc(datetime.combine(day, clock), zone))
        day += _DAY
        # Gaps shift times only forward, so all times before the next midnight are known.
        midnight = to_utc(datetime.combine(day, time(0)), zone)
        while coming and coming[0] < midnight:
            at = heapq.heappop(coming)
            if at > last:
                yield at
                last = at
