"""Which personalities a message addresses, and whose words in it may be processed.

The first matching trigger decides: a reply to a personality, a name after `@`, an activated
channel, the personality selected for DMs, a mention of the bot.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import ActivatedChannel, ConversationLine, OptOut, Personality, Role, User
from services.chat.errors import NoPersonalityHere
from services.personalities import resolve_names
from services.texts import NAME_LIMIT, on_one_line
from services.types import IncomingMessage

MAX_NAME_WORDS = 4
MAX_ADDRESSEES = 5
_MAX_MENTION_LENGTH = 2 * NAME_LIMIT  # leaves space for punctuation around a name
_POSSESSIVES = ("'s", "’s")

T = TypeVar("T")
# An @ at the start of a word; not in an e-mail address, nor in Discord's own mentions.
_MENTION_START = re.compile(r"(?<![^\W_])(?<![^\W_]_)(?<![@<])@(?=\S)")
# Chinese and Japanese have no space between punctuation and the next word.
_WORD = re.compile(r"[^\s、。，！？：；]+[、。，！？：；]*|[、。，！？：；]+")
_EDGE_MARKS = ".,;:!?…\"'()[]{}*_~`<>«»„“”‘’-—|/\\、。，！？：；「」『』（）،؛؟।"
REDACTED = "[someone]"


@dataclass(frozen=True, kw_only=True)
class MessageContext:
    """What the database knows about the people and channels of a message."""

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
    """Return opt-outs and incognito users among `people`, and possible addressees; one query."""
    replied_to = (
        select(ConversationLine.personality_id)
        .where(
            ConversationLine.discord_message_ids.contains([reply_to or 0]),
            ConversationLine.role == Role.ASSISTANT,
        )
        .limit(1)
    )
    # What an account has chosen holds for the members that a proxy bot speaks for, too.
    members, accounts = aliased(User), aliased(User)
    opted_out = union(
        select(OptOut.discord_id).where(OptOut.discord_id.in_(people)),
        select(members.discord_id)
        .join(OptOut, OptOut.discord_id == members.account_id)
        .where(members.discord_id.in_(people)),
    ).subquery()
    incognito = union(
        select(User.discord_id).where(User.discord_id.in_(people), User.incognito),
        select(members.discord_id)
        .join(accounts, accounts.discord_id == members.account_id)
        .where(members.discord_id.in_(people), accounts.incognito),
    ).subquery()
    row = (
        await session.execute(
            select(
                select(func.array_agg(opted_out.c.discord_id)).scalar_subquery(),
                select(func.array_agg(incognito.c.discord_id)).scalar_subquery(),
                select(func.array_agg(ActivatedChannel.personality_id))
                .where(ActivatedChannel.channel_id.in_(channel_ids))
                .scalar_subquery(),
                replied_to.scalar_subquery(),
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
    """Return when each person's last incognito period ended; `datetime.max` if it is still on."""
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
    """Return the personality that a person has selected for DMs."""
    return await session.scalar(
        select(User.dm_personality_id)
        .join(Personality, Personality.id == User.dm_personality_id)
        .where(User.discord_id == discord_id, Personality.deleted_at.is_(None))
    )


async def message_context(session: AsyncSession, message: IncomingMessage) -> MessageContext:
    """Return what the database knows about the people and channels of a message."""
    return await load_context(
        session,
        people=[*message.author_ids, *message.mentions],
        channel_ids=[
            message.channel.channel_id,
            message.channel.parent_id or message.channel.channel_id,
        ],
        reply_to=message.reply_to,
    )


async def addressees(
    session: AsyncSession, message: IncomingMessage, context: MessageContext
) -> list[UUID]:
    """Return the personalities that should answer; the first matching trigger decides.

    Raises:
        NoPersonalityHere: The bot was addressed, but no personality is available.
    """
    if context.replied_to and await _can_address(session, message, context.replied_to):
        return [context.replied_to]
    if candidates := candidate_names(message.content):
        words = sorted({word for names in candidates for word in names})
        names = await resolve_names(session, words, message.author_id, message.channel.channel_id)
        if mentioned := find_mentioned(message.content, names):
            return mentioned
    if context.activated:
        return list(context.activated)[:MAX_ADDRESSEES]
    return await _default_addressee(session, message)


async def _default_addressee(session: AsyncSession, message: IncomingMessage) -> list[UUID]:
    """Return who answers if nobody was named: the one selected for DMs, or the last to speak.

    Raises:
        NoPersonalityHere: The bot was addressed, but no personality is available.
    """
    if message.channel.guild_id is None:
        personality_id = await dm_personality(session, message.author_id)
    elif message.mentions_bot:
        personality_id = await last_speaker(session, message.channel.channel_id)
    else:
        return []
    if personality_id is None or not await _can_address(session, message, personality_id):
        raise NoPersonalityHere
    return [personality_id]


async def _can_address(
    session: AsyncSession, message: IncomingMessage, personality_id: UUID
) -> bool:
    """Whether the author of a message may address a personality in this channel."""
    personality = await session.get_one(Personality, personality_id)
    names = [personality.name.lower()]
    reachable = await resolve_names(session, names, message.author_id, message.channel.channel_id)
    return personality_id in reachable.values()


def candidate_names(text: str) -> list[list[str]]:
    """Return the possible names after each `@` of a text: lower case, longest first.

    A name has up to four words, with and without the punctuation around it.
    """
    return [
        names
        for line in map(on_one_line, text.splitlines())
        for match in _MENTION_START.finditer(line)
        if (names := list(_possible_names(line[match.end() : match.end() + _MAX_MENTION_LENGTH])))
    ]


def find_mentioned(text: str, names: Mapping[str, T]) -> list[T]:
    """Return whom a text mentions: in order, without duplicates, five at most.

    The longest matching name wins.
    """
    mentioned: list[T] = []
    for candidates in candidate_names(text):
        owner = next((names[name] for name in candidates if name in names), None)
        if owner is not None and owner not in mentioned:
            mentioned.append(owner)
    return mentioned[:MAX_ADDRESSEES]


def _possible_names(text: str) -> Iterable[str]:
    text = _MENTION_START.split(text, maxsplit=1)[0]
    ends = [match.end() for match in islice(_WORD.finditer(text), MAX_NAME_WORDS)]
    for end in reversed(ends):
        whole = text[:end].lower()
        bare = whole.rstrip(_EDGE_MARKS)
        owner = next((bare.removesuffix(s) for s in _POSSESSIVES if bare.endswith(s)), "")
        for name in dict.fromkeys((whole, bare, bare.lstrip(_EDGE_MARKS), owner)):
            if 0 < len(name) <= NAME_LIMIT:
                yield name


def redact(message: IncomingMessage, opted_out: frozenset[int]) -> IncomingMessage:
    """Return a message with mentions as names, and people who opted out as `[someone]`."""
    content = message.content
    for discord_id, name in message.mentions.items():
        replacement = REDACTED if discord_id in opted_out else f"@{name}"
        content = content.replace(f"<@{discord_id}>", replacement).replace(
            f"<@!{discord_id}>", replacement
        )
    return replace(message, content=content)


def combined_text(messages: Sequence[IncomingMessage], attached: Sequence[str] = ()) -> str:
    """Return the text of several messages; `attached` is the text or names of their files."""
    texts = [message.content.strip() for message in messages]
    if attached:
        return "\n".join(
            text for pair in zip(texts, attached, strict=True) for text in pair if text
        )
    named = [f"[attached: {a.name}]" for message in messages for a in message.attachments]
    return "\n".join(text for text in [*texts, *named] if text)
