"""What is looked for in memory, made of a message."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import islice
from typing import Self

import regex
import stop_words  # pyright: ignore[reportMissingTypeStubs] - it has none

from services.embeddings import TextEmbedder
from services.memory.dates import NamedDates, named_dates
from services.memory.terms import fold, question_terms, words_of

_MAX_LENGTH = 2000
_STOP_WEIGHT = 0.5
_CONTEXT_WEIGHT = 0.5
_MIN_CONTENT = 2  # words with content, fewer of which need what was said before
_MAX_WORDS, _MAX_WORD = 30, 200
_UNLEXICAL = re.compile(r"\W+")


@dataclass(frozen=True, kw_only=True)
class ModelMeaning:
    """What a model makes of a question: its vector, which those of the same embedder compare to.

    Texts of which one has nothing to do with the other are usually alike by `unlike`, a question
    and its answer by `unlike + span` (cosines).
    """

    embedder: str
    embedding: Sequence[float]
    unlike: float
    span: float


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is looked for: terms with their weights, the meaning, and the dates that are named.

    `text` is what is embedded, `words` are those of the message that say something.
    """

    text: str
    terms: Mapping[int, float]
    embedding: Sequence[float]
    model_meaning: ModelMeaning | None = None
    words: Sequence[str] = ()
    dates: NamedDates = field(default_factory=NamedDates)

    def within(self, span: tuple[datetime, datetime]) -> Self:
        """Return the question about a span of time."""
        return replace(self, dates=replace(self.dates, spans=[*self.dates.spans, span]))


async def ask(
    embedder: TextEmbedder,
    message: str,
    *,
    names: Iterable[str] = (),
    context: Sequence[str] = (),
    now: datetime | None = None,
) -> Question:
    """Return what is looked for when somebody says something.

    `names` are those of the speakers, which are in every memory; `context` are the last lines of
    the conversation, which help where the message itself has no content. `now` is when it is said,
    by default now.
    """
    message = _without(message[:_MAX_LENGTH], names)
    words = words_of(message)
    common = _common_words(words)
    terms = {
        term: weight * (_STOP_WEIGHT if word in common else 1)
        for word in words
        for term, weight in question_terms(word).items()
    }
    if sum(word not in common for word in words) < _MIN_CONTENT and context:
        before = _without("\n".join(context)[-_MAX_LENGTH:], names)
        earlier = [word for word in words_of(before) if word not in _common_words(words_of(before))]
        for word in earlier:
            for term, weight in question_terms(word).items():
                terms.setdefault(term, weight * _CONTEXT_WEIGHT)
        message = f"{message}\n{before}"
    (embedding,) = await embedder.embed([message])
    dates = named_dates(message, language_of(words), now or datetime.now(UTC))
    lexemes = (_UNLEXICAL.sub("", word)[:_MAX_WORD] for word in words if word not in common)
    return Question(
        text=message,
        terms=terms,
        embedding=embedding,
        words=list(islice(filter(None, lexemes), _MAX_WORDS)),
        dates=dates,
    )


def _without(message: str, names: Iterable[str]) -> str:
    """Return a message without names, mentioned or not."""
    for name in filter(None, names):
        message = regex.sub(
            rf"@?\b{regex.escape(name)}\b(?:['’]s\b)?", " ", message, flags=regex.IGNORECASE
        )
    return message


def _common_words(words: Sequence[str]) -> frozenset[str]:
    """Return the words without content of the language that a text is probably in."""
    language = language_of(words)
    return _stop_words()[language] if language else frozenset()


@lru_cache(maxsize=5000)
def content_words(text: str) -> frozenset[str]:
    """Return the words of a text that say something, without numbers."""
    words = words_of(text)
    common = _common_words(words)
    return frozenset(word for word in words if word not in common and not word.isdecimal())


def is_english(text: str) -> bool:
    """Whether a text may be English: by its common words, or its letters without any."""
    counts = _common_counts(words_of(text))
    most = max(counts.values())
    return counts["en"] == most if most else text.isascii()


def language_of(words: Sequence[str]) -> str | None:
    """Return the language whose words without content a text has most of, or None."""
    counts = _common_counts(words)
    language = max(counts, key=lambda each: counts[each])
    return language if counts[language] else None


def _common_counts(words: Sequence[str]) -> Mapping[str, int]:
    """Return how many words without content a text has of each language."""
    spoken_in = _languages_of_stop_words()
    counts = dict.fromkeys(_stop_words(), 0)
    for word in words:
        for language in spoken_in.get(word, ()):
            counts[language] += 1
    return counts


@cache
def _languages_of_stop_words() -> Mapping[str, Sequence[str]]:
    languages: dict[str, list[str]] = {}
    for language, words in _stop_words().items():
        for word in words:
            languages.setdefault(word, []).append(language)
    return languages


@cache
def _stop_words() -> Mapping[str, frozenset[str]]:
    return {
        language: frozenset(map(fold, stop_words.get_stop_words(language)))
        for language in stop_words.LANGUAGE_MAPPING
    }
