"""What personalities and others repeat of a person's words, in the rows of others.

Eight words in a row are a quotation, or all of a shorter message of four words or more. What is
told in other words cannot be found.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AnswerTake, Comment, ConversationLine, Memory, Role

_WORD = re.compile(r"\w+")
_RUN, _SHORTEST = 8, 4
Phrases: TypeAlias = dict[int, set[tuple[str, ...]]]


def phrases_of(texts: Iterable[str]) -> Phrases:
    """Return the runs of words, by their length, that nobody else is to repeat."""
    phrases: Phrases = defaultdict(set)
    for text in texts:
        words = _WORD.findall(text.casefold())
        length = min(len(words), _RUN)
        if length >= _SHORTEST:
            phrases[length] |= {
                tuple(words[at : at + length]) for at in range(len(words) - length + 1)
            }
    return phrases


def repeats(text: str, phrases: Phrases) -> bool:
    """Whether a text has one of these runs of words in it."""
    words = _WORD.findall(text.casefold())
    return any(
        tuple(words[at : at + length]) in found
        for length, found in phrases.items()
        for at in range(len(words) - length + 1)
    )


async def erase_quotes(
    session: AsyncSession, users: Sequence[UUID], speakers: Collection[int]
) -> None:
    """Delete what others' rows repeat of a person: answers, memories, comments of personalities.

    It must be called before the person's own rows are deleted. Looked at is what was said where the
    person spoke, and by personalities that they have talked to.
    """
    lines, own = ConversationLine, Memory.user_id.in_(users)
    is_theirs = or_(lines.user_id.in_(users), lines.speaker_id.in_(speakers))
    texts = [
        *await session.scalars(select(lines.content).where(is_theirs, lines.role == Role.USER)),
        *await session.scalars(select(Comment.content).where(Comment.author_id.in_(speakers))),
    ]
    phrases = await asyncio.to_thread(phrases_of, texts)
    if not phrases:
        return
    channels = select(lines.channel_id).where(is_theirs)
    personalities = select(Memory.personality_id).where(own)
    is_answer_near = (
        lines.role == Role.ASSISTANT,
        or_(lines.channel_id.in_(channels), lines.personality_id.in_(personalities)),
    )
    where: dict[type[ConversationLine | AnswerTake | Memory | Comment], tuple[Any, ...]] = {
        lines: is_answer_near,
        AnswerTake: (AnswerTake.line_id.in_(select(lines.id).where(*is_answer_near)),),
        Memory: (
            Memory.user_id.not_in(users),
            or_(Memory.channel_id.in_(channels), Memory.personality_id.in_(personalities)),
        ),
        Comment: (
            Comment.personality_id.is_not(None),
            Comment.post_id.in_(select(Comment.post_id).where(Comment.author_id.in_(speakers))),
        ),
    }
    for table, conditions in where.items():
        rows = await session.execute(select(table.id, table.content).where(*conditions))
        contents: dict[UUID, str] = {row.id: row.content for row in rows}
        quoting = await asyncio.to_thread(_find_repeating, contents, phrases)
        if table is lines:
            await session.execute(delete(Memory).where(Memory.line_id.in_(quoting)))
        await session.execute(delete(table).where(table.id.in_(quoting)))


def _find_repeating(contents: Mapping[UUID, str], phrases: Phrases) -> list[UUID]:
    return [id_ for id_, content in contents.items() if repeats(content, phrases)]
