"""The versions of personalities: what changed, by whom, and back to one."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.models import Personality, PersonalityVersion, User
from db.session import Sessions
from services.people import get_or_create_user
from services.personalities import definition, queries
from services.personalities.errors import VersionNotFound
from services.personalities.guards import get_owned
from services.texts import clean_optional
from services.types import Actor

LABEL_LIMIT = 80
_MAX_LISTED = 100
_MAX_WORDS = 4000  # of a text that is compared word by word
_CONTEXT = 6  # words that are shown around a change
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
# Name, picture and where it is from are not gone back to.
_NEVER_RESTORED = ("name", "avatar_url", "origin")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a personality: when and by whom it was made, and which columns it changed."""

    number: int
    row: PersonalityVersion
    editor: str | None
    changed: Sequence[str]
    is_current: bool
    is_public: bool


@dataclass(frozen=True)
class Difference:
    """What changed in a column: pieces of text, each kept (` `), added (`+`) or removed (`-`)."""

    column: str
    pieces: Sequence[tuple[str, str]]


class VersionService:
    """Lists, compares, names and restores the versions of personalities."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def list_versions(self, actor: Actor, personality_id: UUID) -> Sequence[Version]:
        """Return the versions of a personality, the newest first.

        Raises:
            OwnersOnly: The actor is not an owner.
        """
        async with self._sessions() as session:
            personality = await get_owned(session, actor, personality_id)
            rows = (
                await session.execute(
                    select(PersonalityVersion, User.username)
                    .outerjoin(User, User.id == PersonalityVersion.editor_id)
                    .where(PersonalityVersion.personality_id == personality_id)
                    .order_by(PersonalityVersion.number.desc())
                    .limit(_MAX_LISTED + 1)
                )
            ).all()
        before = [row for row, _ in rows[1:]]
        return [
            Version(
                number=row.number,
                row=row,
                editor=editor,
                changed=_changed(before[n].definition if n < len(before) else {}, row.definition),
                is_current=row.number == personality.version,
                is_public=row.number == personality.public_version,
            )
            for n, (row, editor) in enumerate(rows[:_MAX_LISTED])
        ]

    async def compare(
        self, actor: Actor, personality_id: UUID, number: int, other: int
    ) -> Sequence[Difference]:
        """Return what a version changed since another one, word by word.

        Raises:
            OwnersOnly: The actor is not an owner.
            VersionNotFound: There is none of these numbers.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)
            newer = await session.get(PersonalityVersion, (personality_id, number))
            older = await session.get(PersonalityVersion, (personality_id, other))
        if newer is None:
            raise VersionNotFound(number)
        before = older.definition if older else {}
        return [
            Difference(column, _words(before.get(column), newer.definition.get(column)))
            for column in _changed(before, newer.definition)
        ]

    async def restore(self, actor: Actor, personality_id: UUID, number: int) -> Personality:
        """Make the texts of a version those of a new one; name and picture stay.

        Raises:
            OwnersOnly: The actor is not an owner.
            VersionNotFound: There is none of this number.
        """
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            version = await session.get(PersonalityVersion, (personality_id, number))
            if version is None:
                raise VersionNotFound(number)
            before = definition.snapshot(personality)
            for column, value in definition.restored(version.definition).items():
                if column not in _NEVER_RESTORED:
                    setattr(personality, column, value)
            if definition.snapshot(personality) != before:
                user = await get_or_create_user(session, actor)
                personality.version += 1
                queries.add_version(session, personality, editor_id=user.id)
            return personality

    async def name(
        self, actor: Actor, personality_id: UUID, number: int, label: str | None
    ) -> None:
        """Give a version a name, or take it away.

        Raises:
            OwnersOnly: The actor is not an owner.
            TextTooLong: The name is too long.
            VersionNotFound: There is none of this number.
        """
        text = clean_optional(label, field="name", limit=LABEL_LIMIT)
        async with self._sessions.begin() as session:
            await get_owned(session, actor, personality_id)
            version = await session.get(PersonalityVersion, (personality_id, number))
            if version is None:
                raise VersionNotFound(number)
            version.label = text


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the columns in which definitions differ; what a version lacks is empty."""
    complete = definition.restored(before)
    return [
        column
        for column, value in definition.restored(after).items()
        if (complete.get(column) or None) != (value or None)
    ]


def _words(before: Any, after: Any) -> list[tuple[str, str]]:
    """Return the difference of two values in pieces of words."""
    old, new = (_WORD.findall(_text(value))[:_MAX_WORDS] for value in (before, after))
    pieces: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "equal":
            pieces.append((" ", _shortened(old[first:last])))
        else:
            pieces += [("-", "".join(old[first:last])), ("+", "".join(new[start:end]))]
    return [(kind, text) for kind, text in pieces if text]


def _shortened(words: Sequence[str]) -> str:
    limit = 2 * _CONTEXT
    if len(words) <= 2 * limit:
        return "".join(words)
    return f"{''.join(words[:limit])} … {''.join(words[-limit:])}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n\n".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType] - of JSON
    return "" if value is None else str(value)
