"""Checks of generated texts before they are sent on a board."""

import itertools
import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from db.models import NsfwRating
from services.chat import clean, find_defect, is_crisis
from services.engine.types import ActContext
from services.publishing import rules

# Words per message of people at 5, 25, 50, 75 and 95 % (a public Discord archive).
LENGTHS = (
    (0.0, 1.0),
    (0.05, 2.0),
    (0.25, 7.0),
    (0.50, 14.0),
    (0.75, 25.0),
    (0.95, 62.0),
    (1.0, 90.0),
)
_MAX_OWN_LINES, _MAX_BOARD_LINES, _MAX_OPENINGS = 200, 50, 20
_REPEAT_SIMILARITY, _GRAM_WORDS, _OPENING_WORDS = 0.5, 3, 3
_MAX_CHARACTERS = 1500
_WORD = re.compile(r"[\w'’]+")
_SENTENCE = re.compile(r"[.!?…。！？][\"'”’)*_]*(?=\s|$)")
_MENTION = re.compile(r"<[@#:]|@(?:everyone|here)\b|(?<!\w)@\w", re.IGNORECASE)
_LINK = re.compile(r"https?://|www\.|discord\.gg", re.IGNORECASE)
_SELF = re.compile(
    r"\b(?:as an? (?:ai|artificial|language model|assistant|chatbot|character)|"
    r"i(?:'|’)?m (?:just )?(?:an? )?(?:ai|language model|chatbot|bot|assistant)\b|"
    r"i am (?:just )?(?:an? )?(?:ai|artificial|language model|chatbot|assistant)|"
    r"language model|my (?:prompt|instructions|training data)|"
    r"(?:i )?(?:can(?:no|')t|cannot|am unable to|won(?:'|’)t) (?:assist|help|fulfil|comply)|"
    r"how (?:can|may) i (?:help|assist) you)",
    re.IGNORECASE,
)
_LEAK = re.compile(
    r"</?\s{0,9}(?:board|(?:think|thinking|context|system)\b)|\d{1,9}[- ]words?\b|\bword count|"
    r"^(?:here(?:'|’)?s|here is|sure|certainly|okay, here)\b.{0,40}(?:post|comment|reply|answer)|"
    r"\[/?inst\]|<\|", re.IGNORECASE | re.MULTILINE,
)  # fmt: skip


def length(share: float) -> int:
    """Return the number of words at a quantile of people's messages."""
    for (low, short), (high, long) in itertools.pairwise(LENGTHS):
        if share <= high:
            return round(short + (long - short) * (share - low) / (high - low))
    return round(LENGTHS[-1][1])


def trim(text: str, context: ActContext, word_count: int) -> str:
    """Return a text without its speaker's name and reasoning, cut to about `word_count` words.

    It is cut after a sentence; a text without sentences is returned whole, to be rejected.
    """
    cleaned = clean(text, context.name).strip().strip('"“”').strip()
    max_words = max(2 * word_count, word_count + 12)
    if len(_WORD.findall(cleaned)) <= max_words:
        return cleaned
    ends = [match.end() for match in _SENTENCE.finditer(cleaned)]
    fitting = [end for end in ends if len(_WORD.findall(cleaned[:end])) <= max_words]
    return cleaned[: fitting[-1]] if fitting else cleaned[: ends[0]] if ends else cleaned


def defect_in(
    text: str, context: ActContext, *, word_count: int, system_prompt: str, untrimmed: str
) -> str | None:
    """Return the name of a text's defect, or None; `untrimmed` is the text before it was cut."""
    target = context.target or context.post
    previous_texts = (*context.own[-_MAX_OPENINGS:], *context.board_lines[-_MAX_OPENINGS:])
    if defect := find_defect(
        text,
        message=target.text if target else "",
        previous_replies=previous_texts,
        system_prompt=system_prompt,
    ):
        return defect
    # The part that was cut off may show that the text leaks the prompt.
    if (
        find_defect(
            clean(untrimmed, context.name),
            message="",
            previous_replies=(),
            system_prompt=system_prompt,
        )
        == "leak"
    ):
        return "leak"
    count = len(_WORD.findall(text))
    defects = {
        "length": count > max(4 * word_count, word_count + 30) or len(text) > _MAX_CHARACTERS,
        "mention": bool(_MENTION.search(text) or _LINK.search(text)),
        "self": bool(_SELF.search(text)),
        "leak": bool(_LEAK.search(text)),
        "name": _speaks_as_another(text, context.others),
        "repeat": repeats(text, context.own, context.board_lines),
        "unsafe": is_crisis(text)
        or (
            not context.age_restricted
            and rules.rating_of((text,), (), explicit_picture=False) == NsfwRating.EXPLICIT
        ),
    }
    return next((name for name, applies in defects.items() if applies), None)


def repeats(text: str, own: Sequence[str], board: Sequence[str]) -> bool:
    """Whether a text repeats a recent one of its speaker or of the board.

    That is a Jaccard similarity of word 3-grams of at least .5 with one of its own last 200 or the
    board's last 50 lines, or the opening words of one of its own last 20.
    """
    grams = _grams(text)
    if any(
        _similar(grams, _grams(each))
        for each in (*own[-_MAX_OWN_LINES:], *board[-_MAX_BOARD_LINES:])
    ):
        return True
    opening = _opening(text)
    return len(opening) == _OPENING_WORDS and any(
        opening == _opening(each) for each in own[-_MAX_OPENINGS:]
    )


def _speaks_as_another(text: str, others: Collection[str]) -> bool:
    if not others:
        return False
    names = "|".join(re.escape(name) for name in sorted(others, key=len, reverse=True))
    label = rf"(?:^|\n)\s{{0,9}}[*_\[(]{{0,4}}(?:{names})[*_\])]{{0,4}}\s{{0,9}}[:：—]"
    claim = rf"\b(?:i am|i['’]m|my name is|this is|yours,?|signed,?)\s{{1,9}}(?:{names})\b"
    return bool(re.search(f"{label}|{claim}", text, re.IGNORECASE))


@lru_cache(maxsize=20_000)
def _grams(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    size = min(_GRAM_WORDS, len(words))
    return (
        frozenset(tuple(words[start : start + size]) for start in range(len(words) - size + 1))
        if size
        else frozenset()
    )


def _similar(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    return bool(one and other) and len(one & other) >= _REPEAT_SIMILARITY * len(one | other)


def _opening(text: str) -> list[str]:
    return _WORD.findall(text.casefold())[:_OPENING_WORDS]
