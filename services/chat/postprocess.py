"""What a model said, made fit to be said."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from enum import StrEnum

# Four messages; whoever says more is not having a conversation.
LONGEST = 7000
_LEAK_LENGTH = 80
_SAME = 0.8  # of the three-letter pieces of two texts
_SHORT_ECHO, _SHORT_REPEAT = 16, 25  # "good night" and "yes" may be said back, and again
_HIDDEN = "think|thinking|reasoning|context"
_BLOCK = re.compile(rf"<({_HIDDEN})>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
# Some models are handed the beginning of their reasoning, so that only its end is in the answer.
_END = re.compile(rf"</(?:{_HIDDEN})>", re.IGNORECASE)
_MARKDOWN = frozenset("*_~`>#|-")
_SENTENCES = (". ", "! ", "? ", "。", "！", "？", "\n")
_SENTENCE_END = re.compile(r"(?:[.!?…](?=[\"'”’)*_]*(?:\s|$))|[。！？])[\"'”’」』)*_]*")
_SPACE = re.compile(r"\s+")


class Defect(StrEnum):
    """What can be wrong with an answer."""

    EMPTY = "empty"
    LEAK = "leak"
    ECHO = "echo"
    REPEAT = "repeat"


def clean(text: str, name: str, others: Collection[str] = ()) -> str:
    """Take away reasoning, background and the name before the answer; cut what never ends.

    `others` are those who speak in the conversation too: what a model lets them say is cut.
    """
    kept = _END.split(_BLOCK.sub("", text))[-1].strip()
    if before := re.match(rf"(?:{_label(name, *others)})+", kept, re.IGNORECASE):
        kept = kept[before.end() :]
    if others and (next_voice := re.search(rf"\n\s*{_label(*others)}", kept, re.IGNORECASE)):
        kept = kept[: next_voice.start()]
    if len(kept) <= LONGEST:
        return kept.strip()
    cut = max(kept.rfind(mark, LONGEST // 2, LONGEST) + 1 for mark in _SENTENCES)
    return kept[: cut or LONGEST].strip() + " …"


def trim_incomplete(text: str) -> str:
    """Return a text that ended for want of room without the sentence it broke off in."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends and ends[-1] > len(text) // 3 else f"{text} …"


def find_defect(text: str, *, asked: str, said_before: Sequence[str], secret: str) -> Defect | None:
    """Return what is wrong with an answer. `secret` is the prompt, which is not to be recited."""
    if not any(unicodedata.category(c)[0] in "LNPS" and c not in _MARKDOWN for c in text):
        return Defect.EMPTY
    bones = _normalized(text)
    if _leaks_prompt(bones, _normalized(secret)):
        return Defect.LEAK
    if len(bones) >= _SHORT_ECHO and bones == _normalized(asked):
        return Defect.ECHO
    if any(_is_similar(bones, _normalized(before)) for before in said_before):
        return Defect.REPEAT
    return None


def _label(*names: str) -> str:
    """Return what a name before a line looks like: `Ada:`, `**Ada:**`, `[Ada]:`."""
    either = "|".join(re.escape(name) for name in names)
    return rf"[*_\[]*(?:{either})[*_\]]*\s*[:：][*_]*\s*"


def _normalized(text: str) -> str:
    return _SPACE.sub(
        " ", "".join(c for c in text.casefold() if c.isalnum() or c.isspace())
    ).strip()


def _leaks_prompt(text: str, secret: str) -> bool:
    step = _LEAK_LENGTH // 8  # what is a little longer is found wherever it begins
    return any(
        text[at : at + _LEAK_LENGTH] in secret
        for at in range(0, len(text) - _LEAK_LENGTH + 1, step)
    )


def _is_similar(one: str, other: str) -> bool:
    if len(one) < _SHORT_REPEAT or min(len(one), len(other)) < _SAME * max(len(one), len(other)):
        return False
    pieces, others = _pieces(one), _pieces(other)
    shared = (pieces & others).total()
    return shared >= _SAME * max(pieces.total(), others.total())


def _pieces(text: str) -> Counter[str]:
    return Counter(text[at : at + 3] for at in range(len(text) - 2))
