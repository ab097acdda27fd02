"""Expanding the macros of texts."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.macros.functions import (
    FUNCTIONS,
    LISTS,
    MAX_LENGTH,
    TRIM,
    VOLATILE,
    Call,
    MacroValues,
    Scope,
)
from services.macros.parsing import MAX_DEPTH, Macro, Node, parse

_MAX_STEPS = 2000  # macros in all that one text may come to; each may be a long field
_LEGACY = re.compile(r"<(USER|BOT|CHAR|GROUP|CHARIFNOTGROUP)>", re.IGNORECASE)
_TIME_ZONE = re.compile(r"time_(utc[+-]\d{1,2})")
_FALSE = frozenset({"", "false", "0", "off", "no"})
# Names of fields that have several.
_FIELDS = {
    "mesexamplesraw": "mesexamples",
    "char_version": "charversion",
    "chardescription": "description",
    "charpersonality": "personality",
    "charscenario": "scenario",
}
_FIELD_NAMES = frozenset(
    {"description", "personality", "scenario", "persona", "mesexamples", "charversion",
     "chardepthprompt", "creatornotes", "charfirstmessage", *_FIELDS}
)  # fmt: skip


class Macros:
    """Expands the macros of one prompt; variables that its texts set last as long."""

    def __init__(self, values: MacroValues, *, randomness: random.Random | None = None) -> None:
        self._scope = Scope(
            values=values,
            random=randomness or random.Random(),  # noqa: S311 - nothing secret
        )
        self._fields: list[str] = []
        self._parsed: dict[str, tuple[Node, ...]] = {}
        self._depth = self._steps = 0

    @property
    def values(self) -> MacroValues:
        """Return what the macros stand for."""
        return self._scope.values

    def speaking_to(self, user: str) -> "Macros":
        """Return macros with the same variables for which `{{user}}` is another name."""
        other = Macros(replace(self._scope.values, user=user), randomness=self._scope.random)
        other._scope.variables = self._scope.variables
        return other

    def expand(self, text: str, *, original: str = "") -> str:
        """Return a text with its macros expanded, `MAX_LENGTH` characters of it at most.

        `original` is what `{{original}}` stands for, the first time.
        """
        if "{" not in text and "<" not in text:
            return text
        self._scope.original, self._steps = original, 0
        first, *others = self._join(_parse(text)).split(TRIM)
        for other in others:
            first = first.rstrip("\n") + other.lstrip("\n")
        return first[:MAX_LENGTH]

    def _join(self, nodes: Sequence[Node]) -> str:
        parts: list[str] = []
        length = at = 0
        while at < len(nodes) and length < MAX_LENGTH and self._steps <= _MAX_STEPS:
            node = nodes[at]
            at += 1
            if isinstance(node, str):
                part = self._literal(node)
            elif node.name == "if":
                at, branch = self._choose(nodes, at, node)
                self._depth += 1
                part = self._join(branch) if self._depth <= MAX_DEPTH else ""
                self._depth -= 1
            else:
                part = self._evaluate(node)
            parts.append(part)
            length += len(part)
        return "".join(parts)

    def _literal(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            return self._evaluate(Macro(match[0], match.start(), match[1].lower()))

        return _LEGACY.sub(value, text).replace("\\{", "{").replace("\\}", "}")

    def _choose(
        self, nodes: Sequence[Node], at: int, condition: Macro
    ) -> tuple[int, Sequence[Node]]:
        """Return the index after the end of an `{{if}}`, and the branch that is to be used."""
        branches: tuple[list[Node], list[Node]] = [], []
        nesting, is_else = 0, False
        while at < len(nodes):
            node = nodes[at]
            at += 1
            name = node.name if isinstance(node, Macro) else ""
            if name == "/if" and nesting == 0:
                break
            if name == "else" and nesting == 0:
                is_else = True
                continue
            nesting += (name == "if") - (name == "/if")
            branches[is_else].append(node)
        return at, branches[not self._holds(condition)]

    def _holds(self, macro: Macro) -> bool:
        condition = "::".join(self._arguments(macro)).strip()
        is_negated, condition = condition.startswith("!"), condition.lstrip("! ").lower()
        if condition in FUNCTIONS or condition in self._scope.values.fields:
            condition = self._evaluate(Macro(condition, 0, condition)).strip().lower()
        return (condition not in _FALSE) is not is_negated

    def _evaluate(self, macro: Macro) -> str:
        self._steps += 1
        if self._depth >= MAX_DEPTH or self._steps > _MAX_STEPS:
            return ""
        self._depth += 1
        try:
            return self._value(macro)[:MAX_LENGTH]
        finally:
            self._depth -= 1

    def _arguments(self, macro: Macro) -> list[str]:
        """Return the arguments of a macro, `MAX_LENGTH` characters of all of them at most."""
        arguments: list[str] = []
        left = MAX_LENGTH
        for each in macro.arguments:
            if left <= 0:
                break
            arguments.append(self._join(each)[:left])
            left -= len(arguments[-1])
        return arguments

    def _value(self, macro: Macro) -> str:
        if (function := FUNCTIONS.get(macro.name)) is not None:
            arguments = self._arguments(macro)
            return function(self._scope, Call(macro.name, arguments, macro.raw, macro.offset))
        if zone := _TIME_ZONE.fullmatch(macro.name):
            return FUNCTIONS["time"](self._scope, Call("time", [zone[1]], macro.raw, macro.offset))
        name = _FIELDS.get(macro.name, macro.name)
        if name in self._fields or name not in self._scope.values.fields:
            return ""  # one that contains itself is empty there
        self._fields.append(name)
        try:
            if name not in self._parsed:
                self._parsed[name] = _parse(self._scope.values.fields[name])
            return self._join(self._parsed[name])
        finally:
            self._fields.pop()


def _parse(text: str) -> tuple[Node, ...]:
    return parse(text.replace(TRIM, ""), LISTS)


def unknown_macros(text: str) -> Sequence[str]:
    """Return the macros of a text that nobody here knows, as they are written."""
    return list(
        dict.fromkeys(
            macro.raw
            for macro in _macros_in(_parse(text))
            if macro.name not in FUNCTIONS
            and macro.name not in _FIELD_NAMES
            and not _TIME_ZONE.fullmatch(macro.name)
        )
    )


def is_volatile(text: str) -> bool:
    """Whether a text may be another one in the next prompt."""
    return "{{" in text and any(
        macro.name in VOLATILE or _TIME_ZONE.fullmatch(macro.name)
        for macro in _macros_in(_parse(text))
    )


def _macros_in(nodes: Sequence[Node]) -> Iterator[Macro]:
    for node in nodes:
        if isinstance(node, Macro):
            yield node
            for argument in node.arguments:
                yield from _macros_in(argument)
