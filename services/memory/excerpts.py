"""What of a memory is shown to a model: the part that fits the question."""

import re
from collections.abc import Mapping, Sequence

from services.memory.questions import content_words
from services.memory.terms import fit
from services.memory.types import RetrievedMemory
from services.texts import shorten

MAX_SHOWN = 700  # characters of a memory
_GAP = "…"
_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s*")
_SPEAKER = re.compile(r"[^:\n]{1,80}: ")


def best_part(content: str, terms: Mapping[int, float], *, limit: int = MAX_SHOWN) -> str:
    """Return at most `limit` characters of a memory: its sentences that fit a question best.

    `terms` are those of the question. Each line keeps its speaker, a gap is shown as “…”.
    """
    if len(content) <= limit:
        return content
    sentences = [
        (line, sentence)
        for line, text in enumerate(content.split("\n"))
        for sentence in filter(None, _SENTENCE.split(text))
    ]
    chosen: set[int] = set()
    left = limit
    for number in _by_fit([sentence for _, sentence in sentences], terms):
        length = len(sentences[number][1]) + 2
        if length <= left:
            chosen.add(number)
            left -= length
    if not chosen:
        return shorten(content, limit)
    lines: dict[int, str] = {}
    before = -1
    for number in sorted(chosen):
        line, sentence = sentences[number]
        if line not in lines and not (label := _SPEAKER.match(sentence)):
            label = _SPEAKER.match(content.split("\n")[line])
            lines[line] = f"{label[0]}{_GAP}" if label else _GAP
        joint = " " if before == number - 1 else f" {_GAP} "
        lines[line] = f"{lines[line]}{joint}{sentence}" if line in lines else sentence
        before = number
    return "\n".join(lines.values())[:limit]


def _by_fit(sentences: Sequence[str], terms: Mapping[int, float]) -> list[int]:
    """Return the numbers of sentences, best first, each followed by its neighbours."""
    fits = [fit(each, terms) for each in sentences]
    order: dict[int, None] = {}
    for number in sorted(range(len(sentences)), key=lambda each: -fits[each]):
        for each in (number, number + 1, number - 1):
            if 0 <= each < len(sentences):
                order.setdefault(each)
    return list(order)


def without_repetitions(memories: Sequence[RetrievedMemory]) -> list[RetrievedMemory]:
    """Return memories without those whose words are all in one before them, but for numbers."""
    kept: list[tuple[RetrievedMemory, frozenset[str]]] = []
    for memory in memories:
        words = content_words(memory.content)
        if not any(words <= others for _, others in kept):
            kept.append((memory, words))
    return [memory for memory, _ in kept]
