"""“Before my birthday”: the time that a question means, where it is known when that is."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import datetime, timedelta

import regex

from services.memory.dates import months_in

_BIRTHDAY = regex.compile(
    r"birthday|geburtstag|cumpleaños|\banniversaire|aniversário|дн\w{1,2} рождения"
    r"|день рождения|יום ה?הולדת|عيد ميلاد|जन्मदिन|誕生日|生日|생일",
    regex.IGNORECASE,
)
# What a fact says of somebody's birthday, in the languages of the rules.
_HAS_BIRTHDAY = regex.compile(
    r"birthday|geburtstag|cumple|anniversaire|faz anos|рожден|הולדת|ميلاد|जन्म|誕生|生日|생일",
    regex.IGNORECASE,
)
_BEFORE = regex.compile(
    r"\b(?:before|until|vor|bis|antes|hasta|avant|até|до|перед)\b|לפני|قبل|पहले|前|전",
    regex.IGNORECASE,
)
_AFTER = regex.compile(
    r"\b(?:after|since|nach|seit|después|desde|après|depuis|depois|после)\b"
    r"|אחרי|מאז|بعد|منذ|बाद|後|后|후",
    regex.IGNORECASE,
)
_DAY_OF_MONTH = regex.compile(r"(?<!\d)(3[01]|[12]\d|0?[1-9])(?!\d)")
_NEAR_BEFORE, _NEAR_AFTER = 25, 12  # letters between a word and the birthday that it is about
_LONG, _SHORT = timedelta(days=60), timedelta(days=7)
_DAY = timedelta(days=1)


def names_birthday(message: str) -> bool:
    """Whether a message says something of a birthday."""
    return _BIRTHDAY.search(message) is not None


def birthday_span(
    message: str, statements: Iterable[str], now: datetime
) -> tuple[datetime, datetime] | None:
    """Return the time that a message means: the two months before or after, or the week around.

    `statements` are what is known of whose birthday it is. None is where none says its day.
    """
    match = _BIRTHDAY.search(message)
    days = (_day_of(each) for each in statements if _HAS_BIRTHDAY.search(each))
    known = next(filter(None, days), None)
    if match is None or known is None:
        return None
    near = message[max(0, match.start() - _NEAR_BEFORE) : match.end() + _NEAR_AFTER]
    last = _last(known, now)
    if _BEFORE.search(near):
        return last - _LONG, last
    if _AFTER.search(near):
        return last + _DAY, last + _LONG
    return last - _SHORT, last + _SHORT


def _day_of(statement: str) -> tuple[int, int] | None:
    """Return the month and the day that a statement names, if it names both."""
    months = months_in(statement)
    days = [int(each) for each in _DAY_OF_MONTH.findall(statement)]
    if not months or not days:
        return None
    return months[0], next((each for each in days if each != months[0]), days[0])


def _last(birthday: tuple[int, int], now: datetime) -> datetime:
    """Return the last day of this name, today included; a day too many is the month's last."""
    month, day = birthday
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    year = today.year if (month, day) <= (today.month, today.day) else today.year - 1
    return today.replace(year=year, month=month, day=min(day, monthrange(year, month)[1]))
