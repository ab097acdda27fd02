"""Whether what a model wrote may be said on a board."""

import itertools
import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from db.models import NsfwRating
from services.chat import clean, find_defect, is_crisis
from services.engine.types import ActContext
from services.publishing import rules

# People's words in a message at 5, 25, 50, 75 and 95 % (a public Discord archive).
LENGTHS = (
    (0.0, 1.0),
    (0.05, 2.0),
    (0.25, 7.0),
    (0.50, 14.0),
    (0.75, 25.0),
    (0.95, 62.0),
    (1.0, 90.0),
)
_OWN_LINES, _BOARD_LINES, _OPENINGS = 200, 50, 20
_ALIKE, _GRAM, _OPENING = 0.5, 3, 3
_MOST_CHARACTERS = 1500
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
    r"</?\s*board|</?\s*(?:think|thinking|context|system)\b|\d+[- ]words?\b|\bword count|"
    r"^(?:here(?:'|’)?s|here is|sure|certainly|okay, here)\b.{0,40}(?:post|comment|reply|answer)|"
    r"\[/?inst\]|<\|", re.IGNORECASE | re.MULTILINE,
)  # fmt: skip


def length(share: float) -> int:
    """Return how many words a message has that is longer than a share of people's."""
    for (low, short), (high, long) in itertools.pairwise(LENGTHS):
        if share <= high:
            return round(short + (long - short) * (share - low) / (high - low))
    return round(LENGTHS[-1][1])


def fit(text: str, scene: ActContext, words: int) -> str:
    """Return a text without its speaker's name and reasoning, as long as it should be.

    What is far too long is cut after a sentence; a text that has none stays, to be refused.
    """
    kept = clean(text, scene.name).strip().strip('"“”').strip()
    most = max(2 * words, words + 12)
    if len(_WORD.findall(kept)) <= most:
        return kept
    ends = [found.end() for found in _SENTENCE.finditer(kept)]
    fitting = [end for end in ends if len(_WORD.findall(kept[:end])) <= most]
    return kept[: fitting[-1]] if fitting else kept[: ends[0]] if ends else kept


def defect_in(text: str, scene: ActContext, *, words: int, secret: str, whole: str) -> str | None:
    """Say in a word what is wrong with a text, or None; `whole` is it before it was cut."""
    asked = scene.target or scene.post
    said = (*scene.own[-_OPENINGS:], *scene.board_lines[-_OPENINGS:])
    if found := find_defect(
        text, message=asked.text if asked else "", previous_replies=said, system_prompt=secret
    ):
        return found
    # What was cut off tells where the rest comes from.
    if (
        find_defect(clean(whole, scene.name), message="", previous_replies=(), system_prompt=secret)
        == "leak"
    ):
        return "leak"
    count = len(_WORD.findall(text))
    verdicts = {
        "length": count > max(4 * words, words + 30) or len(text) > _MOST_CHARACTERS,
        "mention": bool(_MENTION.search(text) or _LINK.search(text)),
        "self": bool(_SELF.search(text)),
        "leak": bool(_LEAK.search(text)),
        "name": _speaks_as_another(text, scene.others),
        "repeat": repeats(text, scene.own, scene.board_lines),
        "unsafe": is_crisis(text)
        or (
            not scene.age_restricted
            and rules.rating_of((text,), (), explicit_picture=False) == NsfwRating.EXPLICIT
        ),
    }
    return next((name for name, is_so in verdicts.items() if is_so), None)


def repeats(text: str, own: Sequence[str], board: Sequence[str]) -> bool:
    """Whether a text says again what its speaker, or anybody here, has lately said.

    That is a Jaccard similarity of word 3-grams of at least .5 with one of its own last 200 or the
    board's last 50 lines, or the opening words of one of its own last 20.
    """
    grams = _grams(text)
    if any(_similar(grams, _grams(each)) for each in (*own[-_OWN_LINES:], *board[-_BOARD_LINES:])):
        return True
    opening = _opening(text)
    return len(opening) == _OPENING and any(opening == _opening(each) for each in own[-_OPENINGS:])


def _speaks_as_another(text: str, others: Collection[str]) -> bool:
    if not others:
        return False
    names = "|".join(re.escape(name) for name in sorted(others, key=len, reverse=True))
    label = rf"(?:^|\n)\s*[*_\[(]*(?:{names})[*_\])]*\s*[:：—]"
    claim = rf"\b(?:i am|i['’]m|my name is|this is|yours,?|signed,?)\s+(?:{names})\b"
    return bool(re.search(f"{label}|{claim}", text, re.IGNORECASE))


@lru_cache(maxsize=20_000)
def _grams(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    size = min(_GRAM, len(words))
    return (
        frozenset(tuple(words[at : at + size]) for at in range(len(words) - size + 1))
        if size
        else frozenset()
    )


def _similar(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    return bool(one and other) and len(one & other) >= _ALIKE * len(one | other)


def _opening(text: str) -> list[str]:
    return _WORD.findall(text.casefold())[:_OPENING]
