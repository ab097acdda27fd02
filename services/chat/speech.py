"""What a model said, made fit to be said."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from enum import StrEnum

# Four messages; whoever says more is not having a conversation.
LONGEST = 7000
_LEAK_LENGTH = 80
_SAME = 0.9
_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_CONTEXT = re.compile(r"<context>.*?(</context>|\Z)", re.DOTALL)
_SPACE = re.compile(r"\s+")


class Flaw(StrEnum):
    """What can be wrong with an answer."""

    EMPTY = "empty"
    LEAK = "leak"
    ECHO = "echo"
    REPEAT = "repeat"


def tidy(text: str, name: str) -> str:
    """Take away reasoning, background and the name before the answer; cut what never ends."""
    kept = _CONTEXT.sub("", _THOUGHTS.sub("", text)).strip()
    before = re.match(rf"(\*\*)?{re.escape(name)}(\*\*)?\s*:(\*\*)?\s*", kept, re.IGNORECASE)
    kept = kept[before.end() :] if before else kept
    if len(kept) <= LONGEST:
        return kept.strip()
    cut = max(kept.rfind(mark, LONGEST // 2, LONGEST) + 1 for mark in (". ", "! ", "? ", "\n"))
    return kept[: cut or LONGEST].strip() + " …"


def flaw(text: str, *, asked: str, said_before: Sequence[str], secret: str) -> Flaw | None:
    """Return what is wrong with an answer. `secret` is the prompt, which is not to be recited."""
    bones = _bones(text)
    if not bones:
        return Flaw.EMPTY
    if _recites(bones, _bones(secret)):
        return Flaw.LEAK
    if bones == _bones(asked):
        return Flaw.ECHO
    if any(_alike(bones, _bones(before)) for before in said_before):
        return Flaw.REPEAT
    return None


def _bones(text: str) -> str:
    return _SPACE.sub(
        " ", "".join(c for c in text.casefold() if c.isalnum() or c.isspace())
    ).strip()


def _recites(text: str, secret: str) -> bool:
    step = _LEAK_LENGTH // 2
    return any(
        text[at : at + _LEAK_LENGTH] in secret for at in range(0, len(text) - _LEAK_LENGTH, step)
    )


def _alike(one: str, other: str) -> bool:
    if not other or min(len(one), len(other)) < max(len(one), len(other)) * 0.8:
        return False
    if len(one) < 25:  # noqa: PLR2004 - "yes" may be said twice
        return False
    return SequenceMatcher(None, one, other, autojunk=False).quick_ratio() > _SAME and (
        SequenceMatcher(None, one, other, autojunk=False).ratio() > _SAME
    )
