"""What each macro stands for: one function a macro."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TypeAlias

MAX_LENGTH = 32_000  # characters of an expanded text
TRIM = "\0"  # stands for `{{trim}}` until a text is complete; no stored text has it
_MAX_DICE, _MAX_SIDES = 100, 1_000_000
_MAX_FORMAT, _MAX_REPEATS, _MAX_VARIABLES = 200, 100, 100
_OFFSET = re.compile(r"utc([+-]\d{1,2})", re.IGNORECASE)
_DICE = re.compile(r"(?P<count>\d{0,3})d(?P<sides>\d{1,7})(?P<bonus>[+-]\d{1,7})?", re.IGNORECASE)
_PATTERN = re.compile(
    r"\[(?P<literal>[^\[\]]{0,200})\]|YYYY|YY|MMMM|MMM|MM|M|Do|DD|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|A|a|Z|LT|"
    r"LL|L"
)
# Up to which span each unit is used, as by moment.js.
_UNITS = (
    (timedelta(seconds=45), timedelta(seconds=45), "a few seconds", "a few seconds"),
    (timedelta(minutes=45), timedelta(minutes=1), "a minute", "{} minutes"),
    (timedelta(hours=22), timedelta(hours=1), "an hour", "{} hours"),
    (timedelta(days=26), timedelta(days=1), "a day", "{} days"),
    (timedelta(days=320), timedelta(days=30), "a month", "{} months"),
    (timedelta.max, timedelta(days=365), "a year", "{} years"),
)
_ELEVENTH, _THIRTEENTH = 11, 13


@dataclass(frozen=True, kw_only=True)
class MacroValues:
    """What macros stand for in one prompt.

    `fields` are texts with macros of their own, by the name of their macro in lower case. `seed`
    names the conversation, for which `{{pick}}` stays the same. `idle` is the time since a
    person's last message.
    """

    char: str
    now: datetime
    user: str = "the user"
    group: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    zone: tzinfo = UTC
    idle: timedelta | None = None
    last_message: str = ""
    last_user_message: str = ""
    last_char_message: str = ""
    seed: str = ""


@dataclass(kw_only=True)
class Scope:
    """The values of one prompt, and the variables that its texts set."""

    values: MacroValues
    random: random.Random
    variables: dict[str, str] = field(default_factory=dict[str, str])
    original: str = ""


@dataclass(frozen=True)
class Call:
    """A macro with its arguments expanded."""

    name: str
    arguments: Sequence[str]
    raw: str
    offset: int

    def argument(self, index: int = 0) -> str:
        """Return an argument, or an empty text if there is none."""
        return self.arguments[index].strip() if index < len(self.arguments) else ""

    @property
    def rest(self) -> str:
        """Return all arguments but the first."""
        return "::".join(self.arguments[1:])

    @property
    def options(self) -> Sequence[str]:
        """Return the arguments as what may be chosen from."""
        return [each.replace("\\,", ",").strip() for each in self.arguments] or [""]


Function: TypeAlias = Callable[[Scope, Call], str]

FUNCTIONS: dict[str, Function] = {}
# Macros that may be something else in the next prompt.
VOLATILE: set[str] = set()
# Macros that commas may separate the arguments of.
LISTS = frozenset({"random", "pick"})
# Macros of other programs that have nothing to stand for here.
_EMPTY = (
    *("input", "model", "maxprompt", "maxcontext", "maxresponse", "banned", "bias", "outlet"),
    *("lastmessageid", "lastswipeid", "currentswipeid", "firstincludedmessageid", "ismobile"),
    *("firstdisplayedmessageid", "lastgenerationtype", "systemprompt", "defaultsystemprompt"),
    *("comment", "//", "hidden_key", "noop", "getglobalvar", "setglobalvar", "addglobalvar"),
    *(
        "charprompt",
        "charinstruction",
        "incglobalvar",
        "decglobalvar",
        "else",
        "/if",
        "if",
        "allchatrange",
        "hasextension",
    ),
)


def _macro(*names: str, is_volatile: bool = False) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(names, function))
        VOLATILE.update(names if is_volatile else ())
        return function

    return register


@_macro(*_EMPTY)
def _nothing(_scope: Scope, _call: Call) -> str:
    return ""


@_macro("char", "bot")
def _char(scope: Scope, _call: Call) -> str:
    return scope.values.char


@_macro("user")
def _user(scope: Scope, _call: Call) -> str:
    return scope.values.user


@_macro("group", "groupnotmuted", is_volatile=True)
def _group(scope: Scope, _call: Call) -> str:
    return ", ".join(dict.fromkeys([scope.values.char, *scope.values.group]))


@_macro("charifnotgroup")
def _char_if_alone(scope: Scope, call: Call) -> str:
    return _group(scope, call) if scope.values.group else scope.values.char


@_macro("notchar", is_volatile=True)
def _others(scope: Scope, _call: Call) -> str:
    others = [scope.values.user, *scope.values.group]
    return ", ".join(dict.fromkeys(each for each in others if each != scope.values.char))


@_macro("original")
def _original(scope: Scope, _call: Call) -> str:
    original, scope.original = scope.original, ""
    return original


@_macro("random", is_volatile=True)
def _random(scope: Scope, call: Call) -> str:
    return scope.random.choice(call.options)


@_macro("pick")
def _pick(scope: Scope, call: Call) -> str:
    seed = f"{scope.values.seed}|{call.raw}|{call.offset}".encode(errors="replace")
    return random.Random(seed).choice(call.options)  # noqa: S311 - the same for a conversation


@_macro("roll", is_volatile=True)
def _roll(scope: Scope, call: Call) -> str:
    formula = call.argument().replace(" ", "")
    dice = _DICE.fullmatch(f"d{formula}" if formula.isdecimal() else formula)
    if dice is None:
        return ""
    count, sides = int(dice["count"] or 1), int(dice["sides"])
    if not (1 <= count <= _MAX_DICE and 1 <= sides <= _MAX_SIDES):
        return ""
    rolls = (scope.random.randint(1, sides) for _ in range(count))
    return str(sum(rolls) + int(dice["bonus"] or 0))


@_macro("time", is_volatile=True)
def _time(scope: Scope, call: Call) -> str:
    zone = scope.values.zone
    if (offset := _OFFSET.fullmatch(call.argument())) is not None:
        zone = timezone(timedelta(hours=max(-23, min(23, int(offset[1])))))
    return _formatted(scope.values.now.astimezone(zone), "LT")


@_macro("date", "weekday", "isotime", "isodate", is_volatile=True)
def _date(scope: Scope, call: Call) -> str:
    patterns = {"date": "LL", "weekday": "dddd", "isotime": "HH:mm", "isodate": "YYYY-MM-DD"}
    return _formatted(scope.values.now.astimezone(scope.values.zone), patterns[call.name])


@_macro("datetimeformat", is_volatile=True)
def _date_and_time(scope: Scope, call: Call) -> str:
    now = scope.values.now.astimezone(scope.values.zone)
    return _formatted(now, "::".join(call.arguments)[:_MAX_FORMAT])


@_macro("timediff")
def _time_difference(_scope: Scope, call: Call) -> str:
    try:
        first, second = (datetime.fromisoformat(call.argument(n)) for n in (0, 1))
    except ValueError:
        return ""
    span = first.replace(tzinfo=first.tzinfo or UTC) - second.replace(tzinfo=second.tzinfo or UTC)
    words = relative_time(span)
    return f"in {words}" if span > timedelta() else f"{words} ago"


@_macro("idle_duration", "idleduration", is_volatile=True)
def _idle(scope: Scope, _call: Call) -> str:
    return "just now" if scope.values.idle is None else relative_time(scope.values.idle)


@_macro("lastmessage", is_volatile=True)
def _last_message(scope: Scope, _call: Call) -> str:
    return scope.values.last_message


@_macro("lastusermessage", is_volatile=True)
def _last_user_message(scope: Scope, _call: Call) -> str:
    return scope.values.last_user_message


@_macro("lastcharmessage", is_volatile=True)
def _last_char_message(scope: Scope, _call: Call) -> str:
    return scope.values.last_char_message


@_macro("newline", "space")
def _blank(_scope: Scope, call: Call) -> str:
    count = call.argument() or "1"
    blank = "\n" if call.name == "newline" else " "
    return blank * min(int(count[:4]), _MAX_REPEATS) if count.isdecimal() else blank


@_macro("trim")
def _trim(_scope: Scope, _call: Call) -> str:
    return TRIM


@_macro("reverse")
def _reverse(_scope: Scope, call: Call) -> str:
    return "::".join(call.arguments)[::-1]


@_macro("getvar")
def _get_variable(scope: Scope, call: Call) -> str:
    return scope.variables.get(call.argument(), "")


@_macro("setvar")
def _set_variable(scope: Scope, call: Call) -> str:
    _store(scope, call.argument(), call.rest)
    return ""


@_macro("addvar")
def _add_to_variable(scope: Scope, call: Call) -> str:
    _add(scope, call.argument(), call.rest)
    return ""


@_macro("incvar", "decvar")
def _count_variable(scope: Scope, call: Call) -> str:
    _add(scope, call.argument(), "1" if call.name == "incvar" else "-1")
    return scope.variables.get(call.argument(), "")


def _store(scope: Scope, name: str, value: str) -> None:
    if name in scope.variables or len(scope.variables) < _MAX_VARIABLES:
        scope.variables[name] = value


def _add(scope: Scope, name: str, added: str) -> None:
    before = scope.variables.get(name, "")
    try:
        _store(scope, name, f"{float(before or 0) + float(added):g}")
    except ValueError:
        _store(scope, name, f"{before}{added}"[:MAX_LENGTH])


def relative_time(span: timedelta) -> str:
    """Return how long a span is in words, such as `3 hours`."""
    span = abs(span)
    for limit, unit, one, many in _UNITS:
        if span < limit:
            count = round(span / unit)
            return one if count <= 1 else many.format(count)
    raise AssertionError(span)  # no span is longer than the last


def _formatted(moment: datetime, pattern: str) -> str:
    """Return a time in a pattern of moment.js: https://momentjs.com/docs/#/displaying/format/."""
    hour = moment.hour % 12 or 12
    values: Mapping[str, str] = {
        "YYYY": f"{moment.year:04}", "YY": f"{moment.year % 100:02}",
        "MMMM": f"{moment:%B}", "MMM": f"{moment:%b}", "MM": f"{moment:%m}", "M": str(moment.month),
        "Do": _ordinal(moment.day), "DD": f"{moment:%d}", "D": str(moment.day),
        "dddd": f"{moment:%A}", "ddd": f"{moment:%a}",
        "HH": f"{moment:%H}", "H": str(moment.hour), "hh": f"{hour:02}", "h": str(hour),
        "mm": f"{moment:%M}", "m": str(moment.minute),
        "ss": f"{moment:%S}", "s": str(moment.second),
        "A": f"{moment:%p}", "a": f"{moment:%p}".lower(), "Z": f"{moment:%z}",
        "LT": f"{hour}:{moment:%M %p}", "L": f"{moment:%m/%d/%Y}",
        "LL": f"{moment:%B} {moment.day}, {moment.year}",
    }  # fmt: skip
    return _PATTERN.sub(
        lambda match: values[match[0]] if match["literal"] is None else match["literal"], pattern
    )


def _ordinal(day: int) -> str:
    is_teen = _ELEVENTH <= day <= _THIRTEENTH
    return f"{day}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"
