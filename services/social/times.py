"""Times as people write them, and the times of the week at which a target takes photos."""

import heapq
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from services.social.errors import (
    SlotsUnclear,
    TimeInGap,
    TimePast,
    TimeTooFar,
    TimeUnclear,
    UnknownTimeZone,
)

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_SLOTS = 100
_DAY = timedelta(days=1)
_FAR = timedelta(days=730)
_NOON, _HALF_DAY, _MINUTES = 12, 12, 60
_TOLD = re.compile(r"<t:(\d{1,12})(?::[tTdDfFR])?>")
_SPAN = re.compile(r"in (\d{1,4}|an?) (minute|hour|day|week)s?")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?|(noon)|(midnight)")
_ISO = re.compile(r"^(\d{4}-\d{1,2}-\d{1,2})t")
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name, whatever its letter case.

    Raises:
        ZoneUnknown: There is none.
    """
    known = _zones().get(name.strip().replace(" ", "_").lower())
    if known is None:
        raise UnknownTimeZone(name)
    return ZoneInfo(known)


@cache
def _zones() -> dict[str, str]:
    """Return the names of all time zones by their small letters; they are read from files."""
    return {each.lower(): each for each in available_timezones()}


def zones_like(typed: str, *, limit: int = 25) -> list[str]:
    """Return names of time zones that hold what is typed, those of cities first."""
    wanted = typed.strip().replace(" ", "_").lower()
    named = [each for lower, each in _zones().items() if wanted in lower]
    return sorted(named, key=lambda each: ("/" not in each, each.startswith("Etc/"), each))[:limit]


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return when a time on a zone's clocks is, in UTC.

    The first time, where clocks show it twice; as much later as they are put forward, where they
    never show it (PEP 495, `fold=0`).
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def read_time(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the time that somebody wrote, by the clocks of their zone, to the minute.

    Raises:
        TimeInGap: The clocks are put forward over it.
        TimePast, TimeTooFar: Nothing can be planned for then.
        TimeUnclear: It is none of the ways of writing one that are known.
    """
    words = " ".join(text.lower().split())
    try:
        at = _absolute(words, now) or _local(words, text, zone, now)
    except OverflowError as error:  # at the ends of the calendar
        raise TimeUnclear(text) from error
    at = at.replace(second=0, microsecond=0)
    if at <= now:
        raise TimePast(f"{at.astimezone(zone):%Y-%m-%d %H:%M}", zone.key)
    if at > now + _FAR:
        raise TimeTooFar(at)
    return at


def _absolute(words: str, now: datetime) -> datetime | None:
    """Return a time that is written without regard to a zone."""
    if words == "now":
        return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if told := _TOLD.fullmatch(words):
        return datetime.fromtimestamp(min(int(told[1]), 253_402_300_799), UTC)
    if span := _SPAN.fullmatch(words):
        number = 1 if span[1] in ("a", "an") else int(span[1])
        return now + timedelta(**{f"{span[2]}s": number})
    try:
        at = datetime.fromisoformat(words.upper())
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def _local(words: str, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    today = now.astimezone(zone).date()
    day, clock = _day(words.replace(" at ", " "), today)
    hour_minute = _clock(clock)
    if hour_minute is None:
        raise TimeUnclear(text)
    if day is None:
        is_over = instant(datetime.combine(today, hour_minute), zone) <= now
        day = today + _DAY if is_over else today
    local = datetime.combine(day, hour_minute)
    at = instant(local, zone)
    if at.astimezone(zone).replace(tzinfo=None) != local:
        raise TimeInGap(f"{local:%Y-%m-%d %H:%M}", zone.key)
    if at <= now and words.split(maxsplit=1)[0].rstrip(",") in _weekdays():
        return instant(local + 7 * _DAY, zone)
    return at


def _day(words: str, today: date) -> tuple[date | None, str]:
    """Return the day that words begin with, if any, and the rest of them."""
    first, _, rest = words.partition(" ")
    first = first.rstrip(",")
    if first in ("today", "tomorrow"):
        return today + (_DAY if first == "tomorrow" else timedelta(0)), rest
    if (weekday := _weekdays().get(first)) is not None:
        return today + timedelta(days=(weekday - today.weekday()) % 7), rest
    first, _, rest = _ISO.sub(r"\1 ", words).partition(" ")
    for pattern in _DATES:
        if found := pattern.fullmatch(first):
            try:
                return date(int(found["year"]), int(found["month"]), int(found["day"])), rest
            except ValueError:
                return None, "no such day"
    return None, words


def _weekdays() -> dict[str, int]:
    return {
        name: number
        for number, day in enumerate(DAYS)
        for name in (day.lower(), day[:3].lower(), day[:2].lower())
    }


def _clock(words: str) -> time | None:
    """Return a time of day: 18:00, 6 pm, noon. An hour alone could be a day as well."""
    found = _CLOCK.fullmatch(words.strip())
    if found is None or (found[1] and not found[2] and not found[3]):
        return None
    if found[4] or found[5]:
        return time(_NOON if found[4] else 0)
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if found[3] == "pm" else 0)
    return time(hour, minute) if hour < 2 * _HALF_DAY and minute < _MINUTES else None


@dataclass(frozen=True, order=True)
class Slot:
    """A time of the week: 0 is Monday, minutes count from midnight."""

    weekday: int
    minute: int


def read_slots(text: str) -> list[Slot]:
    """Return the times of the week that lines name, like `Mon-Fri 09:00, 18:30`.

    Raises:
        SlotsUnclear: A line does not; or there are too many.
    """
    slots: set[Slot] = set()
    for line in filter(None, (each.strip() for each in text.splitlines())):
        days, _, clocks = line.lower().partition(" ")
        times = [_clock(each) for each in clocks.split(",")]
        if not (weekdays := _days(days.rstrip(":"))) or not all(times):
            # Midnight is true as well: a time of day always is.
            raise SlotsUnclear(line[:80])
        slots |= {
            Slot(day, each.hour * 60 + each.minute) for day in weekdays for each in times if each
        }
    if len(slots) > MOST_SLOTS:
        raise SlotsUnclear(f"{len(slots)} times")
    return sorted(slots)


def write_slots(slots: Collection[Slot]) -> str:
    """Return slots as lines that `read_slots` reads, days with equal times together."""
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


def _days(words: str) -> list[int]:
    names = _weekdays()
    if words in ("daily", "every"):
        return list(range(len(DAYS)))
    found: list[int] = []
    for part in words.split(","):
        first, dash, last = part.partition("-")
        if first not in names or (dash and last not in names):
            return []
        length = (names[last] - names[first]) % 7 if dash else 0
        found += [(names[first] + step) % 7 for step in range(length + 1)]
    return found


def occurrences(slots: Sequence[Slot], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield when slots are, in order, each time once, all of them later than `after`.

    What falls into an hour that clocks leave out is as much later; what they show twice is once.
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
                heapq.heappush(coming, instant(datetime.combine(day, clock), zone))
        day += _DAY
        # Clocks move times only forward, so nothing earlier than the next midnight is to come.
        midnight = instant(datetime.combine(day, time(0)), zone)
        while coming and coming[0] < midnight:
            at = heapq.heappop(coming)
            if at > last:
                yield at
                last = at
