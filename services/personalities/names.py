"""Names that people can call."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality
from services.errors import NameImpersonates, TextEmpty
from services.names import refuse_impersonation
from services.personalities import queries
from services.texts import NAME_LIMIT, clean_name

MAX_NAME_WORDS = 4  # of what is called with an @
_MARKS = re.compile(r"[^\w\s'’-]+")
_MIN_ALIAS = 2


def is_callable(name: str) -> bool:
    """Whether a name is found after an @: it has four words at most."""
    return len(name.split()) <= MAX_NAME_WORDS


async def alias_for(
    session: AsyncSession, personality: Personality, *, members: Iterable[str]
) -> str | None:
    """Return an alias for a personality whose name is not easily typed, if one is free.

    A nickname is one, too.
    """
    names = list(members)
    for candidate in _candidates(personality):
        with suppress(NameImpersonates, TextEmpty):
            alias = clean_name(candidate)
            refuse_impersonation(alias, names)
            is_taken = await queries.is_taken(session, alias, personality.maker_id)
            if not is_taken and _is_easy(alias) and len(alias) >= _MIN_ALIAS:
                return alias
    return None


async def free_name(session: AsyncSession, name: str, maker_id: UUID) -> str:
    """Return a name, with a number behind it if another of the maker has it."""
    candidate, number = name, 1
    while await queries.is_taken(session, candidate, maker_id):
        number += 1
        suffix = f" {number}"
        candidate = f"{name[: NAME_LIMIT - len(suffix)].rstrip()}{suffix}"
    return candidate


def _candidates(personality: Personality) -> Iterator[str]:
    yield personality.nickname or ""
    if _is_easy(personality.name):
        return
    words = [word.strip("'’-_") for word in _MARKS.sub(" ", personality.name).split()]
    words = [word for word in words if word]
    for count in (2, 1, 3, 4):
        yield " ".join(words[:count])
    yield from sorted(words, key=len, reverse=True)


def _is_easy(name: str) -> bool:
    """Whether a name can be called, and has no marks around it that would have to be typed."""
    return is_callable(name) and "@" not in name and all(map(_is_word, name[:1] + name[-1:]))


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNMS" and character not in "*_~`|<>"
