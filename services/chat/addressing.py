"""Which personalities a message addresses, and whose words in it may be processed.

The first matching trigger decides: a reply to a personality, a name after `@`, an activated
channel, the personality selected for DMs, a mention of the bot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, any_, bindparam, func, literal, or_, select, union
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import (
    ActivatedChannel,
    ChannelSettings,
    ConversationLine,
    OptOut,
    Personality,
    Role,
    User,
)
from services.access import (
    AccessDenied,
    Situation,
    SituationTerms,
    Verdict,
    is_in_scope,
    named_terms,
    person_verdict,
    personality_verdict,
    situation_parameters,
)
from services.chat.errors import NoPersonalityHere
from services.chat.mentions import candidate_names, find_mentioned
from services.message_parts import REDACTED, MessagePart, defuse, mark
from services.names import is_reserved
from services.personalities import NamedPersonality, resolve_names
from services.types import IncomingMessage

_IDS: Any = ARRAY(BigInteger)


@dataclass(frozen=True, kw_only=True)
class MessageContext:
    """What the database knows about the people and channels of a message.

    `verdict` is why its author gets no answers here, whatever the personality; `settings` are those
    of the channel.
    """

    opted_out: frozenset[int]
    incognito: frozenset[int]
    activated: Sequence[UUID] = ()
    replied_to: UUID | None = None
    verdict: Verdict | None = None
    settings: ChannelSettings | None = None


@dataclass(frozen=True, kw_only=True)
class Addressees:
    """Who should answer a message.

    `called_as` has the names that they were called by. `denied` is why those who were called do
    not; `ambiguous` are those of one name, of whom the author has to choose one. With `is_uncalled`
    nobody was called, and those are activated here.
    """

    ids: Sequence[UUID] = ()
    called_as: Mapping[UUID, str] = field(default_factory=dict[UUID, str])
    denied: AccessDenied | None = None
    ambiguous: Sequence[NamedPersonality] = ()
    is_uncalled: bool = False


@cache
def _context_statement(situation: SituationTerms) -> Any:
    """Return the statement of `load_context`, which is built once for a shape of a situation."""
    people, channel_ids = bindparam("people", type_=_IDS), bindparam("channel_ids", type_=_IDS)
    replied_to = (
        select(ConversationLine.personality_id)
        .where(
            ConversationLine.discord_message_ids.contains(bindparam("reply_to", type_=_IDS)),
            ConversationLine.role == Role.ASSISTANT,
        )
        .limit(1)
    )
    # What an account has chosen holds for the members that a proxy bot speaks for, too.
    members, accounts = aliased(User), aliased(User)
    opted_out = union(
        select(OptOut.discord_id).where(OptOut.discord_id == any_(people)),
        select(members.discord_id)
        .join(OptOut, OptOut.discord_id == members.account_id)
        .where(members.discord_id == any_(people)),
    ).subquery()
    incognito = union(
        select(User.discord_id).where(User.discord_id == any_(people), User.incognito),
        select(members.discord_id)
        .join(accounts, accounts.discord_id == members.account_id)
        .where(members.discord_id == any_(people), accounts.incognito),
    ).subquery()
    return (
        select(
            select(func.array_agg(opted_out.c.discord_id)).scalar_subquery(),
            select(func.array_agg(incognito.c.discord_id)).scalar_subquery(),
            select(func.array_agg(ActivatedChannel.personality_id))
            .where(ActivatedChannel.channel_id == any_(channel_ids))
            .scalar_subquery(),
            replied_to.scalar_subquery(),
            person_verdict(situation),
            ChannelSettings,
        )
        .select_from(select(literal(1).label("one")).subquery())
        .outerjoin(ChannelSettings, ChannelSettings.channel_id == any_(channel_ids))
        # Those of a thread come before those of its channel, whose id is the smaller one.
        .order_by(ChannelSettings.channel_id.desc())
        .limit(1)
    )


async def load_context(
    session: AsyncSession,
    *,
    people: Sequence[int],
    channel_ids: Sequence[int] = (),
    reply_to: int | None = None,
    situation: Situation | None = None,
) -> MessageContext:
    """Return opt-outs and incognito users among `people`, and possible addressees; one query."""
    situation = situation or Situation()
    parameters = {
        **situation_parameters(situation),
        "people": list(people),
        "channel_ids": list(channel_ids),
        "reply_to": [reply_to or 0],
    }
    statement = _context_statement(named_terms(situation))
    row: Any = (await session.execute(statement, parameters)).one()
    return MessageContext(
        opted_out=frozenset(row[0] or ()),
        incognito=frozenset(row[1] or ()),
        activated=row[2] or (),
        replied_to=row[3],
        verdict=Verdict.parse(row[4]),
        settings=row[5],
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


async def last_speaker(
    session: AsyncSession, channel_id: int, *, among: Sequence[UUID] = ()
) -> UUID | None:
    """Return the personality that spoke last in a channel, of some if they are given."""
    chosen = [ConversationLine.personality_id.in_(among)] if among else []
    return await session.scalar(
        select(ConversationLine.personality_id)
        .join(Personality, Personality.id == ConversationLine.personality_id)
        .where(
            ConversationLine.channel_id == channel_id,
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
            Personality.deleted_at.is_(None),
            *chosen,
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
        people=sorted(message.people),
        channel_ids=[
            message.channel.channel_id,
            message.channel.parent_id or message.channel.channel_id,
        ],
        reply_to=message.reply_to,
        situation=situation_of(message),
    )


def situation_of(message: IncomingMessage) -> Situation:
    """Return who says something where."""
    return Situation.of(message.author, message.channel)


async def addressees(
    session: AsyncSession, message: IncomingMessage, context: MessageContext
) -> Addressees:
    """Return the personalities that should answer; the first matching trigger decides.

    Raises:
        NoPersonalityHere: The bot was addressed, but no personality is available.
    """
    situation = situation_of(message)
    if context.replied_to and (found := await _called(session, situation, context.replied_to)):
        return found
    if candidates := candidate_names(message.content):
        words = sorted({word for names in candidates for word in names if not is_reserved(word)})
        names = await resolve_names(session, words, situation)
        if mentioned := find_mentioned(
            message.content, {word: tuple(each) for word, each in names.items()}
        ):
            return await _choose(session, message, mentioned)
    if context.activated:
        permitted = await permitted_here(session, situation, context.activated)
        return Addressees(ids=permitted, is_uncalled=True)
    return await _default_addressee(session, message, situation)


@cache
def _called_statement(situation: SituationTerms) -> Any:
    return select(Personality.name, personality_verdict(situation)).where(
        Personality.id == bindparam("personality_id"),
        Personality.deleted_at.is_(None),
        is_in_scope(situation),
    )


async def _called(
    session: AsyncSession, situation: Situation, personality_id: UUID
) -> Addressees | None:
    """Return who answers if one personality is called; None if that means nobody here."""
    parameters = {**situation_parameters(situation), "personality_id": personality_id}
    statement = _called_statement(named_terms(situation))
    row: Any = (await session.execute(statement, parameters)).one_or_none()
    if row is None:
        return None
    name, verdict = row[0], Verdict.parse(row[1])
    if verdict is None:
        return Addressees(ids=[personality_id])
    return Addressees(denied=AccessDenied(verdict.reason, name))


async def permitted_here(
    session: AsyncSession, situation: Situation, personality_ids: Sequence[UUID]
) -> list[UUID]:
    """Return those of some personalities that may answer here."""
    is_adult = situation.channel is not None and situation.channel.age_restricted
    rows = await session.execute(
        select(Personality.id, personality_verdict(situation)).where(
            Personality.id.in_(personality_ids),
            Personality.deleted_at.is_(None),
            or_(~Personality.age_restricted, literal(is_adult)),
        )
    )
    permitted = {personality_id for personality_id, verdict in rows if verdict is None}
    return [each for each in personality_ids if each in permitted]


async def _choose(
    session: AsyncSession,
    message: IncomingMessage,
    mentioned: Sequence[tuple[NamedPersonality, ...]],
) -> Addressees:
    """Return whom names mean: of several with one name, the one that spoke last here."""
    chosen: dict[UUID, str] = {}
    denied: AccessDenied | None = None
    for namesakes in mentioned:
        permitted = [each for each in namesakes if each.verdict is None]
        if not permitted:
            if verdict := namesakes[0].verdict:
                denied = denied or AccessDenied(verdict.reason, namesakes[0].name)
            continue
        ids = [each.id for each in permitted]
        last = ids[0]
        if len(ids) > 1:
            spoke = await last_speaker(session, message.channel.channel_id, among=ids)
            if spoke is None:
                return Addressees(ambiguous=permitted)
            last = spoke
        chosen.setdefault(last, permitted[0].called_as)
    return Addressees(ids=list(chosen), called_as=chosen, denied=None if chosen else denied)


async def _default_addressee(
    session: AsyncSession, message: IncomingMessage, situation: Situation
) -> Addressees:
    """Return who answers if nobody was named: the one selected for DMs, or the last to speak.

    Raises:
        NoPersonalityHere: The bot was addressed, but no personality is available.
    """
    if message.channel.guild_id is None:
        personality_id = await dm_personality(session, message.author_id)
    elif message.mentions_bot:
        personality_id = await last_speaker(session, message.channel.channel_id)
    else:
        return Addressees()
    found = await _called(session, situation, personality_id) if personality_id else None
    if found is None:
        raise NoPersonalityHere
    return found


def redact(
    message: IncomingMessage, opted_out: frozenset[int], incognito: frozenset[int] = frozenset()
) -> IncomingMessage:
    """Return a message with mentions as names, and people who opted out as `[someone]`.

    Of those who are incognito, no words are repeated.
    """
    mentions = {**message.mentions}
    for part in message.parts:
        mentions |= part.mentions

    def name_people(text: str) -> str:
        for discord_id, display_name in mentions.items():
            name = REDACTED if discord_id in opted_out else f"@{display_name}"
            text = text.replace(f"<@{discord_id}>", name).replace(f"<@!{discord_id}>", name)
        return text

    parts = tuple(
        part.hidden() if part.author_id in opted_out | incognito else part.with_text(name_people)
        for part in message.parts
    )
    return replace(message, content=name_people(message.content), parts=parts)


def stored_text(messages: Sequence[IncomingMessage]) -> str:
    """Return the text of several messages as it is kept: files by name, no words of others."""
    return "\n".join(
        text
        for message in messages
        for text in _texts_of(message, [part.stored() for part in message.parts], _names(message))
        if text
    )


def shown_text(messages: Sequence[IncomingMessage], attached: Sequence[str]) -> str:
    """Return the text of several messages for a model; `attached` is what is attached to each."""
    return "\n".join(
        text
        for message, contents in zip(messages, attached, strict=True)
        for text in _texts_of(message, message.parts, contents)
        if text
    )


def _texts_of(
    message: IncomingMessage, parts: Sequence[MessagePart], attached: str
) -> tuple[str, ...]:
    return (
        *(part.show() for part in parts if part.stands_first),
        defuse(message.content.strip()),
        *(part.show() for part in parts if not part.stands_first),
        attached,
    )


def _names(message: IncomingMessage) -> str:
    return "\n".join(mark(each.describe()) for each in message.attachments)
