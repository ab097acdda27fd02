"""What macros look like: names, arguments, and macros in them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

MAX_DEPTH = 8  # of macros in macros
_MARK = re.compile(r"\\[{}]|\{\{|\}\}")
_HEAD = re.compile(r"\s*(?P<name>//|[!/]?[^\W\d][\w+-]*|[.$]\w*|)\s*(?P<separator>::|:\s*|)")
_COMMA = re.compile(r"(?<!\\),")
_DOUBLE_COLON = re.compile("::")


@dataclass(frozen=True)
class Macro:
    """A macro as it is written; the name is in lower case, `offset` its place in the text."""

    raw: str
    offset: int
    name: str
    arguments: tuple[tuple["Node", ...], ...] = ()


Node: TypeAlias = str | Macro


def parse(text: str, lists: Collection[str] = ()) -> tuple[Node, ...]:
    """Return the literal parts and the macros of a text.

    What is not closed is literal, and so is what is nested too deeply. `lists` are the names of
    macros that commas may separate the arguments of.
    """
    stack: list[tuple[int, list[Node]]] = [(0, [])]
    at = 0
    while (mark := _MARK.search(text, at)) is not None:
        nodes, start = stack[-1][1], mark.start()
        if mark[0] == "{{" and len(stack) <= MAX_DEPTH:
            # Of three braces, the first is literal.
            start += text.startswith("{{{", start) and not text.startswith("{{{{", start)
            nodes.append(text[at:start])
            at = start + 2
            stack.append((start, []))
        elif mark[0] == "}}" and len(stack) > 1:
            nodes.append(text[at:start])
            at = mark.end()
            opened, inside = stack.pop()
            stack[-1][1].append(_macro(text[opened:at], opened, inside, lists))
        else:
            nodes.append(text[at : mark.end()])
            at = mark.end()
    stack[-1][1].append(text[at:])
    while len(stack) > 1:
        _, inside = stack.pop()
        stack[-1][1].extend(["{{", *inside])
    return _merged(stack[0][1])


def _merged(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Return nodes with literal neighbours as one."""
    merged: list[Node] = []
    for node in nodes:
        if isinstance(node, str) and merged and isinstance(merged[-1], str):
            merged[-1] += node
        elif node != "":
            merged.append(node)
    return tuple(merged)


def _macro(raw: str, offset: int, inside: Sequence[Node], lists: Collection[str]) -> Macro:
    """Return the macro between two pairs of braces.

    Only what is written there separates arguments, not what a macro in it stands for.
    """
    first = inside[0] if inside and isinstance(inside[0], str) else ""
    head = _HEAD.match(first)
    if head is None:
        return Macro(raw, offset, "")
    name = head["name"].lower()
    if name.startswith((".", "$")):
        return Macro(raw, offset, "getvar", ((head["name"][1:],),))
    separator = _COMMA if name in lists and head["separator"] != "::" else _DOUBLE_COLON
    if not head["separator"] and name not in lists:
        separator = None  # as in `{{datetimeformat HH::mm}}`
    return Macro(raw, offset, name, _split([first[head.end() :], *inside[1:]], separator))


def _split(
    nodes: Sequence[Node], separator: re.Pattern[str] | None
) -> tuple[tuple[Node, ...], ...]:
    arguments: list[list[Node]] = [[]]
    for node in nodes:
        if isinstance(node, Macro) or separator is None:
            arguments[-1].append(node)
        else:
            first, *others = separator.split(node)
            arguments[-1].append(first)
            arguments += [[each] for each in others]
    return tuple(tuple(each) for each in arguments)
