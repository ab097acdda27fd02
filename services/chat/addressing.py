"""Who a message addresses, and whose words in it may be heard.

The first trigger that fits decides: a reply to a personality, a name after `@`, an activated
channel, the personality chosen for DMs, a mention of the bot.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActivatedChannel, ConversationLine, OptOut, Personality, Role, User
from services.chat.errors import NoPersonalityHere
from services.personalities import resolve_names
from services.texts import NAME_LIMIT, on_one_line
from services.types import IncomingMessage

LONGEST_NAME = 4  # words
MOST_CALLED = 5
_REACH = 2 * NAME_LIMIT  # room for the marks around a name
_POSSESSIVES = ("'s", "’s")

T = TypeVar("T")
# An @ that begins a word: not the one of an e-mail address, nor of Discord's own mentions.
_CALL = re.compile(r"(?<![^\W_])(?<![^\W_]_)(?<![@<])@(?=\S)")
# Chinese and Japanese write no space between a mark and the next word.
_WORD = re.compile(r"[^\s、。，！？：；]+[、。，！？：；]*|[、。，！？：；]+")
_EDGES = ".,;:!?…\"'()[]{}*_~`<>«»„“”‘’-—|/\\、。，！？：；「」『』（）،؛؟।"
REDACTED = "[someone]"


@dataclass(frozen=True, kw_only=True)
class MessageContext:
    """What a message may mean, as far as the database knows."""

    opted_out: frozenset[int]
    incognito: frozenset[int]
    activated: Sequence[UUID]
    replied_to: UUID | None


async def load_context(
    session: AsyncSession,
    *,
    people: Sequence[int],
    channel_ids: Sequence[int],
    reply_to: int | None,
) -> MessageContext:
    """Return who of these people is not to be heard or kept, and who may be meant; one query."""
    replied = (
        select(ConversationLine.personality_id)
        .where(
            ConversationLine.discord_message_ids.contains([reply_to or 0]),
            ConversationLine.role == Role.ASSISTANT,
        )
        .limit(1)
    )
    row = (
        await session.execute(
            select(
                select(func.array_agg(OptOut.discord_id))
                .where(OptOut.discord_id.in_(people))
                .scalar_subquery(),
                select(func.array_agg(User.discord_id))
                .where(User.discord_id.in_(people), User.incognito)
                .scalar_subquery(),
                select(func.array_agg(ActivatedChannel.personality_id))
                .where(ActivatedChannel.channel_id.in_(channel_ids))
                .scalar_subquery(),
                replied.scalar_subquery(),
            )
        )
    ).one()
    return MessageContext(
        opted_out=frozenset(row[0] or ()),
        incognito=frozenset(row[1] or ()),
        activated=row[2] or (),
        replied_to=row[3],
    )


async def incognito_until(session: AsyncSession, people: Sequence[int]) -> dict[int, datetime]:
    """Return who of these was incognito, and until when; for ever where they still are."""
    rows = await session.execute(
        select(User.discord_id, User.incognito, User.incognito_ended_at).where(
            User.discord_id.in_(people),
            or_(User.incognito, User.incognito_ended_at.is_not(None)),
        )
    )
    never = datetime.max.replace(tzinfo=UTC)
    return {
        discord_id: never if still or ended is None else ended for discord_id, still, ended in rows
    }


async def last_speaker(session: AsyncSession, channel_id: int) -> UUID | None:
    """Return the personality that spoke last in a channel."""
    return await session.scalar(
        select(ConversationLine.personality_id)
        .join(Personality, Personality.id == ConversationLine.personality_id)
        .where(
            ConversationLine.channel_id == channel_id,
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
            Personality.deleted_at.is_(None),
        )
        .order_by(ConversationLine.position.desc())
        .limit(1)
    )


async def dm_personality(session: AsyncSession, discord_id: int) -> UUID | None:
    """Return whom a person has chosen for DMs."""
    return await session.scalar(
        select(User.dm_personality_id)
        .join(Personality, Personality.id == User.dm_personality_id)
        .where(User.discord_id == discord_id, Personality.deleted_at.is_(None))
    )


async def message_context(session: AsyncSession, heard: IncomingMessage) -> MessageContext:
    """Return what the database knows of the people and the places in a message."""
    return await load_context(
        session,
        people=[heard.author_id, *heard.mentions],
        channel_ids=[heard.channel.channel_id, heard.channel.parent_id or heard.channel.channel_id],
        reply_to=heard.reply_to,
    )


async def addressees(
    session: AsyncSession, heard: IncomingMessage, signs: MessageContext
) -> list[UUID]:
    """Return who is to answer; the first of the triggers that fits decides.

    Raises:
        NobodyHere: The bot was spoken to, and there is no one.
    """
    if signs.replied_to and await _may_call(session, heard, signs.replied_to):
        return [signs.replied_to]
    if tried := candidates(heard.content):
        words = sorted({word for names in tried for word in names})
        names = await resolve_names(session, words, heard.author_id, heard.channel.channel_id)
        if by_name := called_in(heard.content, names):
            return by_name
    if signs.activated:
        return list(signs.activated)[:MOST_CALLED]
    return await _default_addressee(session, heard)


async def _default_addressee(session: AsyncSession, heard: IncomingMessage) -> list[UUID]:
    """Return who answers where nobody was named: the one chosen for DMs, or the last to speak.

    Raises:
        NobodyHere: The bot was spoken to, and there is no one.
    """
    if heard.channel.guild_id is None:
        present = await dm_personality(session, heard.author_id)
    elif heard.mentions_bot:
        present = await last_speaker(session, heard.channel.channel_id)
    else:
        return []
    if present is None or not await _may_call(session, heard, present):
        raise NoPersonalityHere
    return [present]


async def _may_call(session: AsyncSession, heard: IncomingMessage, personality_id: UUID) -> bool:
    """Whether whoever was heard may call a personality here."""
    personality = await session.get_one(Personality, personality_id)
    names = [personality.name.lower()]
    mine = await resolve_names(session, names, heard.author_id, heard.channel.channel_id)
    return personality_id in mine.values()


def candidates(text: str) -> list[list[str]]:
    """Return, for each `@` of a text, the names that may be meant: lower case, longest first.

    A name has up to four words; marks around a word do not belong to it, but are tried too.
    """
    return [
        names
        for line in map(on_one_line, text.splitlines())
        for match in _CALL.finditer(line)
        if (names := list(_names_in(line[match.end() : match.end() + _REACH])))
    ]


def called_in(text: str, names: Mapping[str, T]) -> list[T]:
    """Return whom a text calls, in order and each once, five at most; the longest name wins."""
    found: list[T] = []
    for tried in candidates(text):
        owner = next((names[name] for name in tried if name in names), None)
        if owner is not None and owner not in found:
            found.append(owner)
    return found[:MOST_CALLED]


def _names_in(text: str) -> Iterable[str]:
    text = _CALL.split(text, maxsplit=1)[0]
    ends = [match.end() for match in islice(_WORD.finditer(text), LONGEST_NAME)]
    for end in reversed(ends):
        whole = text[:end].lower()
        bare = whole.rstrip(_EDGES)
        owner = next((bare.removesuffix(s) for s in _POSSESSIVES if bare.endswith(s)), "")
        for name in dict.fromkeys((whole, bare, bare.lstrip(_EDGES), owner)):
            if 0 < len(name) <= NAME_LIMIT:
                yield name


def redact(heard: IncomingMessage, opted_out: frozenset[int]) -> IncomingMessage:
    """Return a message in which mentions are names, and those who opted out are nobody."""
    content = heard.content
    for discord_id, name in heard.mentions.items():
        shown = REDACTED if discord_id in opted_out else f"@{name}"
        content = content.replace(f"<@{discord_id}>", shown).replace(f"<@!{discord_id}>", shown)
    return replace(heard, content=content)


def combined_text(messages: Sequence[IncomingMessage], attached: Sequence[str] = ()) -> str:
    """Return what messages say together; `attached` is what their files say, or their names."""
    texts = [heard.content.strip() for heard in messages]
    if attached:
        return "\n".join(
            text for pair in zip(texts, attached, strict=True) for text in pair if text
        )
    named = [f"[attached: {a.name}]" for heard in messages for a in heard.attachments]
    return "\n".join(text for text in [*texts, *named] if text)
