"""Cleaning and checking of model output before it is sent."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from services.chat.model_output import CODE, without_markup

# Characters: four messages. Anything longer is not a conversation.
MAX_LENGTH = 7000
_LEAK_LENGTH = 80
_SIMILARITY_THRESHOLD = 0.8  # share of common trigrams of two texts
# Shorter answers ("good night", "yes") may be an echo or a repetition.
_MIN_ECHO_LENGTH, _MIN_REPEAT_LENGTH = 16, 25
_COMPARED = 300  # characters of a beginning
# Words by which a line is said to somebody, not about them.
_ADDRESSING = re.compile(r"\b(?:i|i'm|i’m|me|my|you|your|we|us|our)\b|\?", re.IGNORECASE)
_MARKDOWN = frozenset("*_~`>#|-")
_SENTENCES = (". ", "! ", "? ", "。", "！", "？", "\n")
_SENTENCE_END = re.compile(r"(?:[.!?…](?=[\"'”’)*_]*(?:\s|$))|[。！？])[\"'”’」』)*_]*")
_SPACE = re.compile(r"\s+")


class Defect(StrEnum):
    """A reason to reject an answer."""

    EMPTY = "empty"
    LEAK = "leak"
    ECHO = "echo"
    REPEAT = "repeat"
    BLOCKED = "blocked by the server"


@dataclass(frozen=True, kw_only=True)
class Cleaner:
    """Cleans the answers to a message and looks for their defects; both may take long.

    `thinks_first`: the model begins with reasoning, of which only the end is marked.
    """

    name: str
    others: Collection[str]
    message: str
    previous_replies: Sequence[str]
    system_prompt: str
    thinks_first: bool = False

    def clean(self, raw: str, *, is_cut: bool) -> tuple[str, Defect | None]:
        """Return what is to be said of an answer, and its defect; `is_cut` if it hit the limit."""
        text = clean(raw, self.name, self.others)
        text = trim_incomplete(text) if is_cut else text
        return text, self.find_defect(text)

    def leaks(self, raw: str) -> bool:
        """Whether an answer repeats its instructions."""
        text = clean(raw, self.name, self.others)
        return _leaks_prompt(_normalized(text), self._normalized_prompt)

    def repeats_so_far(self, text: str) -> bool:
        """Whether a beginning is so far that of the message or of a previous reply."""
        begun = _normalized(text[:_COMPARED])
        return _normalized(self.message).startswith(begun) or any(
            _is_similar(begun, each[: len(begun)]) for each in self._normalized_replies
        )

    @cached_property
    def _normalized_prompt(self) -> str:
        return _normalized(self.system_prompt)

    @cached_property
    def _normalized_replies(self) -> Sequence[str]:
        return [_normalized(each) for each in self.previous_replies]

    def find_defect(self, text: str) -> Defect | None:
        """Return the defect of an answer, if any."""
        if not any(unicodedata.category(c)[0] in "LNPS" and c not in _MARKDOWN for c in text):
            return Defect.EMPTY
        normalized = _normalized(text)
        if _leaks_prompt(normalized, self._normalized_prompt):
            return Defect.LEAK
        if len(normalized) >= _MIN_ECHO_LENGTH and normalized == _normalized(self.message):
            return Defect.ECHO
        if any(_is_similar(normalized, previous) for previous in self._normalized_replies):
            return Defect.REPEAT
        return None


def clean(text: str, name: str, others: Collection[str] = ()) -> str:
    """Remove reasoning, context blocks and the name before an answer; cut it to `MAX_LENGTH`.

    `others` are the other speakers of the conversation: text that a model writes for them is cut.
    """
    cleaned = without_markup(text)
    if prefix := re.match(rf"(?:{_speaker_label(name, *others)})+", cleaned, re.IGNORECASE):
        cleaned = cleaned[prefix.end() :]
    cleaned = cleaned[: _find_other_turn(cleaned, name, others)]
    if len(cleaned) <= MAX_LENGTH:
        return cleaned.strip()
    cut = max(cleaned.rfind(mark, MAX_LENGTH // 2, MAX_LENGTH) + 1 for mark in _SENTENCES)
    return cleaned[: cut or MAX_LENGTH].strip() + " …"


def _find_other_turn(text: str, name: str, others: Collection[str]) -> int:
    """Return where another speaker's turn begins, or the end of the text.

    Lines that begin with names are no turns if they are a list: it is introduced by a colon, or
    has several people, each once, who are spoken about; and the speaker's own name is not in it.
    """
    if not others:
        return len(text)
    label = re.compile(
        rf"^[ \t]{{0,8}}(?P<all>{_speaker_label(name, *others)})", re.IGNORECASE | re.MULTILINE
    )
    code = [match.span() for match in CODE.finditer(text)]
    runs: list[list[re.Match[str]]] = []
    for match in label.finditer(text):
        if any(start < match.start() < end for start, end in code):
            continue
        is_next = bool(runs) and text.count("\n", runs[-1][-1].end(), match.start()) == 1
        runs[-1].append(match) if is_next else runs.append([match])
    for run in runs:
        foreign = next((each for each in run if not _is_label_of(name, each["all"])), None)
        if foreign is not None and not _is_list(text, run, name):
            return foreign.start()
    return len(text)


def _is_list(text: str, run: Sequence[re.Match[str]], name: str) -> bool:
    """Whether neighbouring lines that begin with names are a list."""
    labels = [each["all"].strip("*_[] \t:：").casefold() for each in run]
    if any(_is_label_of(name, each["all"]) for each in run) or len(set(labels)) < len(labels):
        return False
    if text[: run[0].start()].rstrip("*_ \t\n").endswith((":", "：")):
        return True
    lines = [text[each.end() :].partition("\n")[0] for each in run]
    return len(lines) > 1 and not any(_ADDRESSING.search(line) for line in lines)


def _is_label_of(name: str, label: str) -> bool:
    return label.strip("*_[] \t:：").casefold() == name.casefold()


def trim_incomplete(text: str) -> str:
    """Return a text that hit the token limit without its last, incomplete sentence."""
    if not text:
        return ""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends and ends[-1] > len(text) // 3 else f"{text} …"


def find_defect(
    text: str, *, message: str, previous_replies: Sequence[str], system_prompt: str
) -> Defect | None:
    """Return the defect of a text, if any. `system_prompt` must not be leaked."""
    cleaner = Cleaner(
        name="",
        others=(),
        message=message,
        previous_replies=previous_replies,
        system_prompt=system_prompt,
    )
    return cleaner.find_defect(text)


def _speaker_label(*names: str) -> str:
    """Return a pattern for a speaker's name before a line: `Ada:`, `**Ada:**`, `[Ada]:`."""
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return rf"[*_\[]{{0,4}}(?:{either})[*_\]]{{0,4}}[ \t]{{0,4}}[:：][*_]{{0,4}}\s{{0,40}}"


def _normalized(text: str) -> str:
    return _SPACE.sub(
        " ", "".join(c for c in text.casefold() if c.isalnum() or c.isspace())
    ).strip()


def _leaks_prompt(text: str, system_prompt: str) -> bool:
    step = _LEAK_LENGTH // 8  # a slightly longer leak is detected at any offset
    return any(
        text[at : at + _LEAK_LENGTH] in system_prompt
        for at in range(0, len(text) - _LEAK_LENGTH + 1, step)
    )


def _is_similar(one: str, other: str) -> bool:
    if len(one) < _MIN_REPEAT_LENGTH or min(len(one), len(other)) < _SIMILARITY_THRESHOLD * max(
        len(one), len(other)
    ):
        return False
    trigrams, other_trigrams = _trigrams(one), _trigrams(other)
    shared = (trigrams & other_trigrams).total()
    return shared >= _SIMILARITY_THRESHOLD * max(trigrams.total(), other_trigrams.total())


def _trigrams(text: str) -> Counter[str]:
    return Counter(text[at : at + 3] for at in range(len(text) - 2))
