"""Rules for publishing that do not depend on a model's assessment."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from db.models import AgeBucket, NsfwRating
from services.names import strip_disguise
from services.publishing import lexicon
from services.publishing.errors import MinorNotSafe, PromptInjection
from services.texts import shorten

ADULT = 18
_BUCKETS = (
    (13, AgeBucket.CHILD),
    (ADULT, AgeBucket.TEEN),
    (30, AgeBucket.YOUNG_ADULT),
    (60, AgeBucket.ADULT),
    (120, AgeBucket.SENIOR),
)
# Parts of a definition that nobody reads.
_NO_TEXTS = frozenset({"avatar_url", "depth_note_role"})
_RATING_ORDER = tuple(NsfwRating)


def bucket_of(age: int) -> AgeBucket:
    """Return the age bucket of an age; -1 is unknown."""
    if age < 0:
        return AgeBucket.UNKNOWN
    return next((bucket for limit, bucket in _BUCKETS if age < limit), AgeBucket.AGELESS)


def text_of(definition: Mapping[str, Any]) -> str:
    """Return all texts of a definition, each field under its name."""
    fields: list[tuple[str, Any]] = [
        *((name, text) for name, text in definition.items() if name not in _NO_TEXTS),
        *(
            (name, text)
            for name, texts in definition.items()
            if isinstance(texts, list)
            for text in cast("list[Any]", texts)
        ),
        *(definition.get("custom_fields") or {}).items(),
    ]
    paragraphs = (
        f"{name.replace('_', ' ').removeprefix('personality ').capitalize()}: {text}"
        for name, text in fields
        if isinstance(text, str) and text.strip()
    )
    return "\n\n".join(paragraphs)


def refuse_injection(name: str, text: str) -> None:
    """Reject a definition with instructions for the model that assesses it.

    Raises:
        PromptInjection: It contains such instructions.
    """
    plain = strip_disguise(text)
    if match := lexicon.INJECTIONS.search(plain):
        raise PromptInjection(name, _excerpt(plain, match))


def rating_of(
    texts: Iterable[str], model_ratings: Iterable[NsfwRating], *, explicit_picture: bool
) -> NsfwRating:
    """Return the strictest of all ratings: by the model, by words, by the picture."""
    ratings = [NsfwRating.SAFE, *model_ratings, *map(_rate_by_words, texts)]
    if explicit_picture:
        ratings.append(NsfwRating.EXPLICIT)
    return max(ratings, key=_RATING_ORDER.index)


def stated_age(definition: Mapping[str, Any]) -> int | None:
    """Return the age in the definition, if there is one."""
    field = strip_disguise(definition.get("personality_age") or "")
    if not lexicon.BORN.search(field) and (match := lexicon.NUMBER.search(field)) is not None:
        return _to_number(match)
    return next((age for age, _ in _find_ages(strip_disguise(text_of(definition)))), None)


def refuse_minors(
    name: str, definition: Mapping[str, Any], ages: Iterable[int], rating: NsfwRating
) -> None:
    """Reject a personality rated above safe if anyone in it may be under 18.

    `ages` are the personality's own, by the definition and by the model.

    Raises:
        MinorNotSafe: Somebody may be under 18.
    """
    if rating == NsfwRating.SAFE:
        return
    field = strip_disguise(definition.get("personality_age") or "")
    stated_ages = (
        () if lexicon.BORN.search(field) else map(_to_number, lexicon.NUMBER.finditer(field))
    )
    for age in (*ages, *stated_ages):
        if 0 <= age < ADULT:
            raise MinorNotSafe(name, rating, f"age {age}")
    text = strip_disguise(text_of(definition))
    for age, match in _find_ages(text):
        if age < ADULT:
            raise MinorNotSafe(name, rating, _excerpt(text, match))
    if match := lexicon.MINORS.search(text):
        raise MinorNotSafe(name, rating, _excerpt(text, match))


def mentions_minor(text: str) -> bool:
    """Whether a text mentions somebody who may be under 18."""
    plain = strip_disguise(text)
    is_young = any(age < ADULT for age, _ in _find_ages(plain))
    return is_young or lexicon.MINORS.search(plain) is not None


def _rate_by_words(text: str) -> NsfwRating:
    plain = strip_disguise(text)
    if lexicon.EXPLICIT.search(plain):
        return NsfwRating.EXPLICIT
    return NsfwRating.SUGGESTIVE if lexicon.SUGGESTIVE.search(plain) else NsfwRating.SAFE


def _find_ages(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    for match in lexicon.AGES.finditer(text):
        yield _to_number(match), match


def _to_number(match: re.Match[str]) -> int:
    number = next(group for group in match.groups() if group is not None).lower()
    return int(number) if number.isdigit() else lexicon.NUMBER_WORDS[number]


def _excerpt(text: str, match: re.Match[str]) -> str:
    """Return a match with a few words around it."""
    before = text[max(0, match.start() - 20) : match.start()]
    after = text[match.end() : match.end() + 20]
    if match.start() > len(before):
        before = before.lstrip().partition(" ")[2]
    if match.end() + len(after) < len(text):
        after = after.rpartition(" ")[0]
    return shorten(" ".join(f"{before}{match[0]}{after}".split()), 120)
