"""What is true of a personality whatever a model says of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from db.models import AgeBucket, NsfwRating
from services.personalities import strip_disguise
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
_LEVELS = tuple(NsfwRating)


def bucket_of(age: int) -> AgeBucket:
    """Return about how old somebody of this age is; -1 is unknown."""
    if age < 0:
        return AgeBucket.UNKNOWN
    return next((bucket for limit, bucket in _BUCKETS if age < limit), AgeBucket.AGELESS)


def text_of(definition: Mapping[str, Any]) -> str:
    """Return all that a version of a personality says, each field under its name."""
    fields: list[tuple[str, Any]] = [
        *((name, text) for name, text in definition.items() if name != "avatar_url"),
        *(definition.get("custom_fields") or {}).items(),
    ]
    said = (
        f"{name.replace('_', ' ').removeprefix('personality ').capitalize()}: {text}"
        for name, text in fields
        if isinstance(text, str) and text.strip()
    )
    return "\n\n".join(said)


def refuse_injection(name: str, text: str) -> None:
    """Refuse a definition that speaks to its judge.

    Raises:
        OrdersToJudge: It does.
    """
    plain = strip_disguise(text)
    if found := lexicon.ORDERS.search(plain):
        raise PromptInjection(name, _around(plain, found))


def rating_of(
    texts: Iterable[str], judged: Iterable[NsfwRating], *, explicit_picture: bool
) -> NsfwRating:
    """Return the strictest of all ratings: the model's, the words', the picture's."""
    ratings = [NsfwRating.SAFE, *judged, *map(_by_words, texts)]
    if explicit_picture:
        ratings.append(NsfwRating.EXPLICIT)
    return max(ratings, key=_LEVELS.index)


def age_of(definition: Mapping[str, Any], judged: int) -> int:
    """Return what the definition says of the personality's age, else what the model does."""
    field = strip_disguise(definition.get("personality_age") or "")
    if not lexicon.BORN.search(field) and (stated := lexicon.NUMBER.search(field)) is not None:
        return _number(stated)
    return next((age for age, _ in _ages(strip_disguise(text_of(definition)))), judged)


def refuse_minors(
    name: str, definition: Mapping[str, Any], ages: Iterable[int], rating: NsfwRating
) -> None:
    """Refuse whatever is rated above safe if anyone in it may be under 18.

    `ages` are the personality's own, by the definition and by the model.

    Raises:
        MinorNotSafe: Somebody may be.
    """
    if rating == NsfwRating.SAFE:
        return
    field = strip_disguise(definition.get("personality_age") or "")
    stated = () if lexicon.BORN.search(field) else map(_number, lexicon.NUMBER.finditer(field))
    for age in (*ages, *stated):
        if 0 <= age < ADULT:
            raise MinorNotSafe(name, rating, f"age {age}")
    text = strip_disguise(text_of(definition))
    for found_age, found in _ages(text):
        if found_age < ADULT:
            raise MinorNotSafe(name, rating, _around(text, found))
    if found := lexicon.MINORS.search(text):
        raise MinorNotSafe(name, rating, _around(text, found))


def mentions_minor(text: str) -> bool:
    """Whether a text speaks of somebody who may be under 18."""
    plain = strip_disguise(text)
    is_young = any(age < ADULT for age, _ in _ages(plain))
    return is_young or lexicon.MINORS.search(plain) is not None


def _by_words(text: str) -> NsfwRating:
    plain = strip_disguise(text)
    if lexicon.EXPLICIT.search(plain):
        return NsfwRating.EXPLICIT
    return NsfwRating.SUGGESTIVE if lexicon.SUGGESTIVE.search(plain) else NsfwRating.SAFE


def _ages(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    for found in lexicon.AGES.finditer(text):
        yield _number(found), found


def _number(found: re.Match[str]) -> int:
    said = next(group for group in found.groups() if group is not None).lower()
    return int(said) if said.isdigit() else lexicon.WORDS[said]


def _around(text: str, found: re.Match[str]) -> str:
    """Return a phrase with the few words around it."""
    before = text[max(0, found.start() - 20) : found.start()]
    after = text[found.end() : found.end() + 20]
    if found.start() > len(before):
        before = before.lstrip().partition(" ")[2]
    if found.end() + len(after) < len(text):
        after = after.rpartition(" ")[0]
    return shorten(" ".join(f"{before}{found[0]}{after}".split()), 120)
