"""Finding thousands of keys in a text at once, and regular expressions within a deadline."""

import re
import time
import unicodedata
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import regex

from services.lore.entries import Pattern, as_pattern

_GRAM = 3  # characters of the part of a key by which it is looked up
_FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL}
_MAX_TRIES = 200  # how often a key may be inside of other words
_MAX_MARKS = 2000
_MAX_PATTERN = 2000  # characters
_MAX_KNOWN = 2000  # texts that each index remembers what is in them
# Scripts without spaces between words, in which a whole word cannot be told.
_NO_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_JAVASCRIPT = (
    (re.compile(r"\[\^\]"), r"[\\s\\S]"),
    (re.compile(r"\\u\{([0-9a-fA-F]{1,6})\}"), r"\\U{\1}"),
)
_CODE_POINT = re.compile(r"\\U\{([0-9a-fA-F]{1,6})\}")


@dataclass(frozen=True)
class Key:
    """A plain key. Without `is_exact_case` its text is folded."""

    text: str
    is_exact_case: bool = False
    is_whole_word: bool = True


Term: TypeAlias = Key | Pattern


def term_of(key: str, *, exact_case: bool, whole_words: bool, use_regex: bool) -> Term:
    """Return what a key is looked for as."""
    if (pattern := as_pattern(key, use_regex=use_regex)) is not None:
        return pattern
    text = unicodedata.normalize("NFC", key)
    # A phrase is found inside of words, too.
    is_whole = whole_words and " " not in text and not _NO_SPACES.search(text)
    return Key(text if exact_case else text.casefold(), exact_case, is_whole)


class Text:
    """A text that is searched, and what has been added to it."""

    def __init__(self, raw: str) -> None:
        self.raw = _composed(raw)
        self.folded = self.raw.casefold()

    def has(self, key: Key) -> bool:
        """Whether a key is in the text."""
        text = self.raw if key.is_exact_case else self.folded
        at = text.find(key.text)
        for _ in range(_MAX_TRIES if key.is_whole_word else 0):
            if at < 0:
                return False
            end = at + len(key.text)
            if not _is_in_word(text, at - 1) and not _is_in_word(text, end):
                return True
            at = text.find(key.text, at + 1)
        return at >= 0 and not key.is_whole_word


def _composed(text: str) -> str:
    """Return a text in NFC. Letters with hundreds of marks would take very long, and stay."""
    if text.isascii() or sum(map(bool, map(unicodedata.combining, text))) > _MAX_MARKS:
        return text
    return unicodedata.normalize("NFC", text)


def _is_in_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and (text[at].isalnum() or text[at] == "_")


class TermIndex:
    """Finds which of many terms are in a text: plain keys by the rarest part of each."""

    def __init__(self, terms: Iterable[Term]) -> None:
        unique = dict.fromkeys(terms)
        keys = [each for each in unique if isinstance(each, Key) and each.text]
        self._patterns = [each for each in unique if isinstance(each, Pattern)]
        grams = {key: _grams(key.text.casefold()) for key in keys}
        counts = Counter(gram for each in grams.values() for gram in each)
        self._by_gram: dict[str, list[Key]] = {}
        self._short: list[Key] = []
        self._known: OrderedDict[str, frozenset[Term]] = OrderedDict()
        for key, own in grams.items():
            if own:
                rarest = min(own, key=lambda gram: (counts[gram], gram))
                self._by_gram.setdefault(rarest, []).append(key)
            else:
                self._short.append(key)

    def find(self, text: Text, patterns: "PatternSearch") -> set[Term]:
        """Return the terms that are in a text."""
        found: set[Term] = {key for key in self._short if text.has(key)}
        for gram in self._by_gram.keys() & _grams(text.folded):
            found.update(key for key in self._by_gram[gram] if text.has(key))
        found.update(each for each in self._patterns if patterns.search(each, text.raw))
        return found

    def find_again(self, raw: str, patterns: "PatternSearch") -> Collection[Term]:
        """Return the same of a text that comes again, which is remembered."""
        found = self._known.get(raw)
        if found is None:
            found = frozenset(self.find(Text(raw), patterns))
            if not patterns.timed_out:
                self._known[raw] = found
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        return found


def _grams(text: str) -> set[str]:
    return {text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)}


class PatternSearch:
    """Searches with regular expressions of makers, all of them within one deadline in seconds."""

    def __init__(self, seconds: float, ignored: Sequence[Pattern] = ()) -> None:
        self._deadline = time.monotonic() + seconds
        self._ignored = set(ignored)
        self.timed_out: set[Pattern] = set()

    def search(self, pattern: Pattern, text: str) -> bool:
        """Whether a text matches; a pattern that is broken or takes too long does not."""
        left = self._deadline - time.monotonic()
        compiled = _compile(pattern)
        if compiled is None or pattern in self._ignored or left <= 0:
            return False
        try:
            return compiled.search(text, timeout=left) is not None
        except TimeoutError:
            self.timed_out.add(pattern)
            return False


def problem_of(pattern: Pattern) -> str | None:
    """Return why a regular expression cannot be used, or None."""
    if len(pattern.source) > _MAX_PATTERN:
        return f"longer than {_MAX_PATTERN:,} characters"
    return None if _compile(pattern) else "not a regular expression that can be read"


@lru_cache(maxsize=4096)
def _compile(pattern: Pattern) -> "regex.Pattern[str] | None":
    if len(pattern.source) > _MAX_PATTERN:
        return None
    source = pattern.source.replace("\\/", "/")
    for javascript, python in _JAVASCRIPT:
        source = javascript.sub(python, source)
    source = _CODE_POINT.sub(lambda match: f"\\U{int(match[1], 16):08x}", source)
    flags = 0
    for letter in pattern.flags:
        flags |= _FLAGS.get(letter, 0)
    try:
        return regex.compile(source, flags | regex.VERSION0)
    except (regex.error, OverflowError, RecursionError):
        return None
