"""The dates that a question names: months and years, and spans such as “last summer”.

Names of months are those of Unicode's CLDR. Spans are read in twelve languages; seasons are those
of the northern half of the earth.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import regex
from babel import Locale, UnknownLocaleError

_YEAR = regex.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NUMBERED_MONTH = regex.compile(r"(?<!\d)(1[0-2]|[1-9])\s?[月월]")
# May is a verb, too.
_MAY = regex.compile(
    r"\b(?:in|of|on|by|last|this|next|since|until) may\b|\bmay \d|\d (?:of )?may\b",
    regex.IGNORECASE,
)
_SCRIPTS = {
    regex.compile(rf"\p{{{script}}}"): languages
    for script, languages in {
        "Hebrew": ("he",),
        "Arabic": ("ar",),
        "Devanagari": ("hi",),
        "Cyrillic": ("ru",),
        "Greek": ("el",),
        "Hangul": ("ko",),
        "Hiragana": ("ja",),
        "Katakana": ("ja",),
        "Han": ("zh", "ja"),
    }.items()
}
# Letters that stand before a word without a space.
_PREFIXES = {"he": "בהלמשכו", "ar": "وبل"}
_CYRILLIC = regex.compile(r"\p{Cyrillic}")
_WORD = regex.compile(r"[\w\p{M}]+")

_DAY = timedelta(days=1)
_SPRING, _SUMMER, _AUTUMN, _WINTER = 3, 6, 9, 12  # the first month of a season
_SEASON_MONTHS = 3
# What is said of the last day, week, month, year and season, by language; then “… ago”, with a
# number before the unit or behind “ago”.
_UNITS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "day": "days?", "week": "weeks?", "month": "months?", "year": "years?",
        "spring": "spring", "summer": "summer", "autumn": "autumn|fall", "winter": "winter",
    },
    "de": {
        "day": "Tag(?:en)?", "week": "Wochen?", "month": "Monat(?:en)?", "year": "Jahr(?:en)?",
        "spring": "Frühling|Frühjahr", "summer": "Sommer", "autumn": "Herbst", "winter": "Winter",
    },
    "es": {
        "day": "días?", "week": "semanas?", "month": "mes(?:es)?", "year": "años?",
        "spring": "primavera", "summer": "verano", "autumn": "otoño", "winter": "invierno",
    },
    "fr": {
        "day": "jours?", "week": "semaines?", "month": "mois", "year": "ans?|années?",
        "spring": "printemps", "summer": "été", "autumn": "automne", "winter": "hiver",
    },
    "pt": {
        "day": "dias?", "week": "semanas?", "month": "m[eê]s(?:es)?", "year": "anos?",
        "spring": "primavera", "summer": "verão", "autumn": "outono", "winter": "inverno",
    },
    "ru": {
        "day": r"д(?:ень|ня|ней)", "week": r"недел\w{1,2}", "month": r"месяц\w{0,2}",
        "year": r"год\w?|лет", "spring": r"весн\w{1,2}", "summer": r"лето|летом",
        "autumn": r"осен\w{1,3}", "winter": r"зим\w{1,2}",
    },
    "he": {
        "day": "ימים|יומיים|יום", "week": "שבועות|שבועיים|שבוע", "month": "חודשים|חודשיים|חודש",
        "year": "שנים|שנתיים|שנה",
        "spring": "אביב", "summer": "קיץ", "autumn": "סתיו", "winter": "חורף",
    },
    "ar": {
        "day": "أيام|يومين|يوم", "week": "أسابيع|أسبوعين|أسبوع", "month": "أشهر|شهرين|شهر",
        "year": "سنوات|سنتين|سنة|عامين|عام",
        "spring": "ربيع", "summer": "صيف", "autumn": "خريف", "winter": "شتاء",
    },
    "hi": {
        "day": "दिन", "week": "सप्ताह|हफ़्ते|हफ्ते", "month": "महीने", "year": "साल|वर्ष",
        "spring": "वसंत", "summer": "गर्मी|गर्मियों", "autumn": "शरद", "winter": "सर्दी|सर्दियों",
    },
    "ja": {
        "day": "日", "week": "週間?", "month": "か月|ヶ月|カ月|月", "year": "年",
        "spring": "春", "summer": "夏", "autumn": "秋", "winter": "冬",
    },
    "zh": {
        "day": "天", "week": "周|星期|礼拜", "month": "个?月", "year": "年",
        "spring": "春天?", "summer": "夏天?", "autumn": "秋天?", "winter": "冬天?",
    },
    "ko": {
        "day": "일", "week": "주", "month": "개월|달", "year": "년|해",
        "spring": "봄", "summer": "여름", "autumn": "가을", "winter": "겨울",
    },
}  # fmt: skip
_LAST: Mapping[str, str] = {
    "en": r"\blast (?:{unit})\b",
    "de": r"\b(?:letzt|vergangen|vorig)e[nrsm]? (?:{unit})\b",
    "es": r"\b(?:{unit}) pasad[oa]\b",
    "fr": r"\b(?:{unit}) (?:derni(?:er|ère)|passée?)\b",
    "pt": r"\b(?:{unit}) passad[oa]\b",
    "ru": r"\bпрошл\w{{2,3}} (?:{unit})\b",
    "he": r"(?:{unit}) (?:ש?עבר|האחרו)",
    "ar": r"(?:{unit}) (?:الماضي|الفائت)",
    "hi": r"पिछल[ेीा] (?:{unit})",
    "ja": r"(?:先|昨|去|この前の)(?:年の)?(?:{unit})",
    "zh": r"(?:上个?|去年?)(?:{unit})",
    "ko": r"(?:지난|작)\s?(?:{unit})",
}
_AGO: Mapping[str, str] = {
    "en": r"\b{number} {unit} ago\b",
    "de": r"\bvor {number} {unit}\b",
    "es": r"\bhace {number} {unit}\b",
    "fr": r"\bil y a {number} {unit}\b",
    "pt": r"\bh[aá] {number} {unit}\b",
    "ru": r"\b(?:{number} )?{unit} назад\b",
    "he": r"לפני (?:{number} )?{unit}",
    "ar": r"(?:قبل|منذ) (?:{number} )?{unit}",
    "hi": r"{number} {unit} पहले",
    "ja": r"{number}\s?{unit}前",
    "zh": r"{number}\s?{unit}(?:前|之前)",
    "ko": r"{number}\s?{unit} ?전",
}
# Of which one is in each of these patterns.
_MARKS = (
    *("last ", " ago", "letzt", "vergangen", "vorig", "vor ", "pasad", "hace ", "derni", "passé"),
    *("il y a ", "passad", "há ", "ha ", "прошл", "назад", "עבר", "האחרו", "לפני", "ماضي", "فائت"),
    *("قبل", "منذ", "पिछल", "पहले", "先", "昨", "去", "前", "上", "지난", "작", "전"),
)
_YESTERDAY = regex.compile(
    r"\b(?:yesterday|gestern|ayer|hier|ontem|вчера)\b|אתמול|أمس|बीता कल|昨日|昨天|어제",
    regex.IGNORECASE,
)
# Endings of “two” of a unit.
_DUALS = ("יים", "ين")
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "a an one ein eine einem einer un una un une um uma 一",
            "two zwei dos deux dois duas два две שני שתי दो 二 両 两 두",
            "three drei tres trois três три שלושה שלוש تين ثلاثة तीन 三 세",
            "four vier cuatro quatre quatro четыре ארבעה ארבע أربعة चार 四 네",
            "five fünf cinco cinq пять חמישה חמש خمسة पांच 五 다섯",
            "six sechs seis шесть שישה שש ستة छह 六 여섯",
        ),
        start=1,
    )
    for word in words.split()
}
_NUMBER = rf"(?P<number>\d{{1,2}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"


@dataclass(frozen=True, kw_only=True)
class NamedDates:
    """Months and years that are named, and spans of time with their ends, which they exclude."""

    months: Sequence[int] = ()
    years: Sequence[int] = ()
    spans: Sequence[tuple[datetime, datetime]] = ()


def named_dates(message: str, language: str | None, now: datetime) -> NamedDates:
    """Return the dates that a message names; `language` is the one that it is probably in."""
    return NamedDates(
        months=months_in(message, language),
        years=sorted({int(year) for year in _YEAR.findall(message)}),
        spans=sorted(set(_spans(message, now))),
    )


def months_in(message: str, language: str | None = None) -> list[int]:
    """Return the months that a message names; `language` is the one that it is probably in."""
    languages = {each for script in _SCRIPTS if script.search(message) for each in _SCRIPTS[script]}
    languages |= {language} if language and language in _UNITS else _UNITS.keys()
    return sorted({month for each in languages for month in _months(message, each)})


def _months(message: str, language: str) -> Iterator[int]:
    if "月" in message or "월" in message:
        yield from (int(number) for number in _NUMBERED_MONTH.findall(message))
    names = _month_names(language)
    for word in set(_WORD.findall(message.casefold())):
        number = names.get(word)
        if number is not None and (word != "may" or _MAY.search(message)):
            yield number


@cache
def _month_names(language: str) -> Mapping[str, int]:
    """Return the number of each month by the forms of its names in a language, in small letters."""
    try:
        forms = Locale.parse(language).months
    except (UnknownLocaleError, ValueError):
        return {}
    return {
        form: number
        for kind in ("format", "stand-alone")
        for number, name in forms[kind]["wide"].items()
        for form in _forms(str(name).casefold(), language)
    }


def _forms(name: str, language: str) -> Iterator[str]:
    """Return the forms of a name: with letters before it or other endings, as its script has."""
    yield from (f"{prefix}{name}" for prefix in ("", *_PREFIXES.get(language, "")))
    if _CYRILLIC.search(name):
        stem = name[:-1] if name[-1] in "аьйя" else name
        yield from (f"{stem}{ending}" for ending in ("а", "я", "е", "у", "ю", "ем", "ом"))


def _spans(message: str, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if _YESTERDAY.search(message):
        yield today - _DAY, today
    folded = message.casefold()
    if not any(mark in folded for mark in _MARKS):
        return
    for unit, last, ago in _patterns():
        if last.search(message):
            yield _last(unit, today)
        for match in ago.finditer(message):
            written = match["number"]
            count = _NUMBERS.get(written.casefold()) or int(written) if written else 1
            yield _ago(unit, 2 if match["unit"].endswith(_DUALS) else count, today)


@cache
def _patterns() -> Sequence[tuple[str, regex.Pattern[str], regex.Pattern[str]]]:
    """Return patterns of the last of each unit, and of how many of it ago, of all languages."""
    return [
        (
            unit,
            regex.compile(
                "|".join(_LAST[each].format(unit=_UNITS[each][unit]) for each in _UNITS),
                regex.IGNORECASE,
            ),
            regex.compile(
                "|".join(
                    _AGO[each].format(unit=rf"(?P<unit>{_UNITS[each][unit]})", number=_NUMBER)
                    for each in _UNITS
                ),
                regex.IGNORECASE,
            ),
        )
        for unit in _UNITS["en"]
    ]


def _last(unit: str, today: datetime) -> tuple[datetime, datetime]:
    """Return the last whole day, week, month or year, or the season that has ended last."""
    match unit:
        case "day":
            return today - _DAY, today
        case "week":
            monday = today - today.weekday() * _DAY
            return monday - 7 * _DAY, monday
        case "month":
            first = today.replace(day=1)
            return _months_before(first, 1), first
        case "year":
            first = today.replace(month=1, day=1)
            return first.replace(year=first.year - 1), first
        case _:
            month = {"spring": _SPRING, "summer": _SUMMER, "autumn": _AUTUMN, "winter": _WINTER}[
                unit
            ]
            start = today.replace(month=month, day=1)
            while _months_before(start, -_SEASON_MONTHS) > today:
                start = start.replace(year=start.year - 1)
            return start, _months_before(start, -_SEASON_MONTHS)


def _ago(unit: str, count: int, today: datetime) -> tuple[datetime, datetime]:
    """Return the time around so many units ago, half a unit before and after it."""
    days = {"day": 1, "week": 7, "month": 30, "year": 365}.get(unit, 365)
    then, half = today - count * days * _DAY, max(1, days // 2) * _DAY
    return then - half, then + half


def _months_before(first: datetime, count: int) -> datetime:
    number = first.year * 12 + first.month - 1 - count
    return first.replace(year=number // 12, month=number % 12 + 1)
