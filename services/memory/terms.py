"""The terms of a text: words by their stems and pieces of words, for search in any language.

A memory is stored as a sparse vector of its terms, weighted by how often each is in it; a question
as one weighted by how rare each is. Their inner product is the score of BM25 (Robertson and
Zaragoza, *The Probabilistic Relevance Framework*, 2009), which a database computes quickly.
"""

import unicodedata
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

import regex
from pgvector import SparseVector

from db.models import TERM_COUNT

_MAX_WORDS = 2000
_MAX_TERMS = 16_000  # as many as a sparse vector may have that are not zero
# BM25's saturation and normalisation of length, and the usual number of terms of a memory: chosen
# on LoCoMo's conversations 1 to 6.
K1 = 0.8
_B, _USUAL_LENGTH = 0.3, 300
_PIECE = 4  # letters
_MIN_LENGTH = 5  # of a word that is cut into pieces; shorter ones are their own piece
_PIECES_WEIGHT = 0.6
_HAN_WEIGHT = 0.5

_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}"
_WORD = regex.compile(rf"[{_CJK}ー]+|\p{{Hangul}}+|[\p{{L}}\p{{M}}\p{{N}}]+")
_IS_CJK = regex.compile(rf"[{_CJK}ー]")
_HAN = regex.compile(r"\p{Han}")
_SHORT_SCRIPTS = regex.compile(r"[\p{Hebrew}\p{Arabic}\p{Devanagari}]")
_HANGUL = regex.compile(r"\p{Hangul}")
_HEBREW = regex.compile(r"\p{Hebrew}")
_HEBREW_PREFIXES = "הובכלמש"
# Accents of these scripts are left out by many who write; in others, marks are vowels.
_ACCENTS = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}\p{Hebrew}\p{Arabic}]\p{Mn}*)\p{Mn}")
_STEMMER: Any = import_module("Stemmer")  # it is untyped
# Which language a word of a script is in is not known, so it has the stems of several.
_STEMMERS: Mapping[Any, Sequence[Any]] = {
    regex.compile(rf"\p{{{script}}}"): [_STEMMER.Stemmer(name) for name in names]
    for script, names in {
        "Latin": ("english", "spanish", "german", "french", "portuguese", "italian"),
        "Cyrillic": ("russian",),
        "Arabic": ("arabic",),
        "Devanagari": ("hindi",),
        "Greek": ("greek",),
    }.items()
}


def document_terms(text: str) -> SparseVector:
    """Return the terms of a memory, each with its weight."""
    counts = Counter(term for word in words_of(text) for term in question_terms(word))
    length = K1 * (1 - _B + _B * counts.total() / _USUAL_LENGTH)
    terms = sorted(islice(counts.items(), _MAX_TERMS))
    weights = {term: count * (K1 + 1) / (count + length) for term, count in terms}
    return SparseVector(weights, TERM_COUNT)


def words_of(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared."""
    return [match[0] for match in islice(_WORD.finditer(fold(text)), _MAX_WORDS)]


def fold(text: str) -> str:
    """Return a text without differences of case and, where they are no vowels, of marks."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", folded))


@lru_cache(maxsize=50_000)
def question_terms(word: str) -> Mapping[int, float]:
    """Return the terms of a word of a question, each with its share of the word."""
    return {
        zlib.crc32(term.encode()) % (TERM_COUNT - 1): weight
        for term, weight in _named_terms(word[:100]).items()
    }


def _named_terms(word: str) -> Mapping[str, float]:
    if _IS_CJK.match(word):
        pairs = dict.fromkeys(_pieces(word, 2), 1.0)
        return {**dict.fromkeys(_HAN.findall(word), _HAN_WEIGHT), **pairs}
    if _HANGUL.match(word):
        # What follows the stem of a Korean word is grammar.
        share = _PIECES_WEIGHT / 2
        return {**dict.fromkeys(_pieces(word, 2), share), f"word {word[:2]}": 1.0}
    stems = _stems(word)
    weights = {f"word {stem}": 1 / len(stems) for stem in stems}
    is_short = _SHORT_SCRIPTS.match(word) is not None
    if is_short or len(word) >= _MIN_LENGTH:
        pieces = _pieces(word, _PIECE - 1 if is_short else _PIECE)
        weights |= dict.fromkeys(pieces, _PIECES_WEIGHT / max(2, len(pieces)))
    return weights


def _stems(word: str) -> list[str]:
    if _HEBREW.match(word) and len(word) > 3 and word[0] in _HEBREW_PREFIXES:  # noqa: PLR2004
        return [word, word[1:]]
    for script, stemmers in _STEMMERS.items():
        if script.match(word):
            return list(dict.fromkeys(stemmer.stemWord(word) for stemmer in stemmers))
    return [word]


def _pieces(word: str, length: int) -> list[str]:
    return [word[start : start + length] for start in range(max(1, len(word) - length + 1))]


def fit(text: str, terms: Mapping[int, float]) -> float:
    """Return how well a text fits the terms of a question: the sum of the weights that it has."""
    return sum(terms.get(term, 0) for word in set(words_of(text)) for term in question_terms(word))
