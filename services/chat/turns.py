"""Whose turn it is in a channel: who answers what calls nobody, and whom an answer calls.

No model is asked.
"""

import random
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ChannelSettings, ConversationLine, Personality, Role, ServerPolicy
from db.retry import retry_on_disconnect
from db.session import Sessions, reading
from services.access import AccessDenied, Situation
from services.chat.addressing import (
    Addressees,
    MessageContext,
    addressees,
    load_context,
    message_context,
    permitted_here,
    situation_of,
)
from services.chat.debounce import MessageBatch
from services.chat.errors import NoPersonalityHere
from services.chat.mentions import find_mentioned
from services.chat.reply_generation import GeneratedReply
from services.embeddings import TextEmbedder
from services.errors import OptedOut
from services.types import Actor, Channel, IncomingMessage

_PER_CENT = 100
_RECENT_LINES = 40
# What speaks for a turn: that one was talking with the person, that the words fit, that one has
# waited. Who is named comes before all others.
_IN_CONVERSATION, _FIT, _WAITED = 1.5, 5.0, 1.0
_CONVERSATION = timedelta(minutes=10)
_DESCRIBED = 400  # characters
_WORD = re.compile(r"\w+")


# What a personality is told when it speaks without having been spoken to.
ANSWERED_BY = "says nothing; {} has just spoken to you"
CHIME_IN = "asks you to look at what was said last, and to say something to it"
GO_ON = "says nothing; the scene goes on: react to what was said last, and move it on"
BEGIN = "asks you to say whatever comes to your mind"


@dataclass(frozen=True)
class Turn:
    """Who speaks, and what they are told instead of a message."""

    personality_id: UUID
    cue: str


class TurnChooser:
    """Chooses who speaks, by names, by who was talking, and by whom words fit."""

    def __init__(self, sessions: Sessions, embedder: TextEmbedder) -> None:
        self._sessions = sessions
        self._embedder = embedder

    async def resolve(self, message: IncomingMessage) -> tuple[MessageContext, Addressees]:
        """Return the context of a message and who should answer it.

        Raises:
            NoPersonalityHere: The bot was addressed, but no personality is available.
        """
        async with reading(self._sessions) as session:
            context = await message_context(session, message)
            if message.author_id in context.opted_out:
                return context, Addressees()
            try:
                found = await addressees(session, message, context)
            except NoPersonalityHere:
                if context.verdict is None:
                    raise
                return context, Addressees(denied=AccessDenied(context.verdict.reason))
        if found.is_uncalled:
            found = replace(found, ids=await self._choose(message, context, found.ids))
        return context, found

    async def _choose(
        self, message: IncomingMessage, context: MessageContext, candidates: Sequence[UUID]
    ) -> list[UUID]:
        """Return who answers a message that calls nobody, in this order; nobody if all are quiet.

        Whoever is named without an `@` answers alone, also in quiet hours.
        """
        settings = settings_of(context, message.channel)
        async with reading(self._sessions) as session:
            personalities = await _personalities(session, candidates)
            if named := _named(message.content, personalities):
                return named[: settings.max_answers]
            if not personalities or await _is_quiet(session, message, settings):
                return []
            if len(personalities) == 1:
                return [personalities[0].id]
            spoken = await _last_turns(session, message.channel.channel_id)
        fits = await self._fits(message.content, personalities)
        scores = {
            each.id: _score(each.id, spoken, fits[each.id], message.created_at)
            for each in personalities
        }
        ranked = sorted(scores, key=lambda each: -scores[each])
        return ranked[: settings.max_answers]

    async def following(
        self, batch: MessageBatch, context: MessageContext, turns: int
    ) -> AsyncGenerator[Turn]:
        """Return who speaks after the answers to a batch, one at a time, while each is taken.

        Without `turns` those speak whom the last answer calls, as often as the channel's settings
        let them; with it, everybody who is here plays on so often.
        """
        channel = batch.channel
        if channel.guild_id is None or batch.is_incognito:
            return
        for number in range(turns or settings_of(context, channel).max_turns):
            if batch.is_stopped or not batch.messages:
                return
            last, message = batch.last_reply, batch.last
            is_silent = last is not None and last.reaction is not None and not last.reaction.emoji
            # Who failed or is silent would be the next one again.
            if is_silent or (last is None and (not turns or number)):
                return

            async def choose(
                last: GeneratedReply | None = None if turns else last,
                message: IncomingMessage = message,
            ) -> UUID | None:
                candidates = [*context.activated, *batch.addressees]
                async with reading(self._sessions) as session:
                    if last is not None:
                        return await _called(session, message, candidates, last)
                    return await _longest_waiting(session, message, candidates)

            chosen = await retry_on_disconnect(choose)
            if chosen is None:
                return
            name = last.resolution.personality.name if last else ""
            yield Turn(chosen, GO_ON if turns else ANSWERED_BY.format(name))

    async def choose_speaker(
        self, actor: Actor, channel: Channel, *, at_random: bool
    ) -> tuple[UUID, str]:
        """Return one of those who are here, with the name: any, or who has waited longest.

        Raises:
            NoPersonalityHere: Nobody is activated here or has spoken here lately.
            OptedOut: The actor has opted out.
        """
        situation = Situation.of(actor, channel)
        async with reading(self._sessions) as session:
            context = await load_context(
                session, people=[actor.discord_id], channel_ids=situation.channel_ids
            )
            if actor.discord_id in context.opted_out:
                raise OptedOut
            spoken = await _last_turns(session, channel.channel_id)
            personalities = await _present(session, situation, context.activated, spoken)
        if not personalities:
            raise NoPersonalityHere
        order = [each.personality_id for each in spoken]
        chosen = (
            random.choice(personalities)  # noqa: S311 - no secret
            if at_random
            else max(personalities, key=lambda each: _index(order, each.id))
        )
        return chosen.id, chosen.display_name or chosen.name

    async def _fits(self, text: str, personalities: Sequence[Personality]) -> Mapping[UUID, float]:
        """Return how near what each personality is comes to a text, from 0 to 1."""
        described = [_describe(each) for each in personalities]
        message, *vectors = await self._embedder.embed([text, *described])
        return {
            each.id: max(0.0, sum(a * b for a, b in zip(message, vector, strict=True)))
            for each, vector in zip(personalities, vectors, strict=True)
        }


def settings_of(context: MessageContext, channel: Channel) -> ChannelSettings:
    """Return the settings of a channel, or the defaults."""
    guild_id = channel.guild_id or 0
    return context.settings or ChannelSettings(channel_id=channel.channel_id, guild_id=guild_id)


def find_called(text: str, personalities: Sequence[Personality]) -> list[UUID]:
    """Return whom an answer calls: by `@Name`, or by a name set off as one speaks to somebody."""
    names = {
        name.lower(): each.id
        for each in personalities
        for name in (each.name, each.nickname or "", each.display_name or "")
        if name
    }
    called = find_mentioned(text, names)
    for name, personality_id in names.items():
        if personality_id not in called and _is_spoken_to(text.lower(), re.escape(name)):
            called.append(personality_id)
    return called


def _is_spoken_to(text: str, name: str) -> bool:
    """Whether a name begins or ends a sentence, set off by a comma or another mark."""
    begins = rf"(?:^|[.!?…\n\"“*]\s{{0,3}}){name}[,!?:]"
    ends = rf",\s{{0,3}}{name}\s{{0,3}}[.!?…]"
    return re.search(f"{begins}|{ends}", text) is not None


def _score(
    personality_id: UUID, spoken: Sequence[ConversationLine], fit: float, now: datetime
) -> float:
    order = [each.personality_id for each in spoken]
    waited = _index(order, personality_id) / _RECENT_LINES
    is_talking = (
        bool(spoken)
        and spoken[0].personality_id == personality_id
        and now - spoken[0].created_at < _CONVERSATION
    )
    return _FIT * fit + _WAITED * waited + (_IN_CONVERSATION if is_talking else 0)


def _index(order: Sequence[UUID | None], personality_id: UUID) -> int:
    return order.index(personality_id) if personality_id in order else _RECENT_LINES


def _describe(personality: Personality) -> str:
    parts = (personality.headline, personality.character_info, personality.personality_traits)
    return " ".join(filter(None, (personality.name, *parts)))[:_DESCRIBED]


def _named(text: str, personalities: Sequence[Personality]) -> list[UUID]:
    """Return those whose whole name is in a text, in order."""
    words = f" {' '.join(_WORD.findall(text.lower()))} "
    places = {
        each.id: words.find(f" {' '.join(name)} ")
        for each in personalities
        if (name := _WORD.findall(each.name.lower()))
    }
    return sorted((each for each, at in places.items() if at >= 0), key=lambda each: places[each])


async def _personalities(session: AsyncSession, ids: Sequence[UUID]) -> list[Personality]:
    found = await session.scalars(select(Personality).where(Personality.id.in_(ids)))
    by_id = {each.id: each for each in found}
    return [by_id[each] for each in ids if each in by_id]


async def _called(
    session: AsyncSession,
    message: IncomingMessage,
    candidates: Sequence[UUID],
    last: GeneratedReply,
) -> UUID | None:
    """Return whom an answer calls of those who are activated here or have answered, if it does."""
    speaking = last.resolution.personality.id
    others = [each for each in dict.fromkeys(candidates) if each != speaking]
    if not others:
        return None
    permitted = await permitted_here(session, situation_of(message), others)
    called = find_called(last.text, await _personalities(session, permitted))
    return called[0] if called else None


async def _longest_waiting(
    session: AsyncSession, message: IncomingMessage, candidates: Sequence[UUID]
) -> UUID | None:
    """Return whom the last words here call, or else who of those here has waited longest."""
    spoken = await _last_turns(session, message.channel.channel_id)
    personalities = await _present(session, situation_of(message), candidates, spoken)
    last = spoken[0] if spoken else None
    others = [each for each in personalities if last is None or each.id != last.personality_id]
    if not others:
        return None
    if last is not None and (called := find_called(last.content, others)):
        return called[0]
    order = [each.personality_id for each in spoken]
    return max(others, key=lambda each: _index(order, each.id)).id


async def _present(
    session: AsyncSession,
    situation: Situation,
    candidates: Sequence[UUID],
    spoken: Sequence[ConversationLine],
) -> list[Personality]:
    """Return the candidates and those who have spoken lately, as far as they may speak here."""
    ids = [*candidates, *(each.personality_id for each in spoken if each.personality_id)]
    permitted = await permitted_here(session, situation, list(dict.fromkeys(ids)))
    return await _personalities(session, permitted)


async def _last_turns(session: AsyncSession, channel_id: int) -> Sequence[ConversationLine]:
    """Return the last answers in a channel, the newest first."""
    lines = select(ConversationLine).where(
        ConversationLine.channel_id == channel_id,
        ConversationLine.role == Role.ASSISTANT,
        ConversationLine.deleted_at.is_(None),
    )
    found = await session.scalars(
        lines.order_by(ConversationLine.position.desc()).limit(_RECENT_LINES)
    )
    return found.all()


async def _is_quiet(
    session: AsyncSession, message: IncomingMessage, settings: ChannelSettings
) -> bool:
    """Whether nobody answers what calls nobody: by chance, the hour, or since one has just."""
    is_thread = message.channel.parent_id is not None
    if settings.threads_by_name and is_thread:
        return True
    # The same for a message whenever it is asked.
    if random.Random(message.message_id).randrange(_PER_CENT) >= settings.chattiness:  # noqa: S311
        return True
    if settings.cooldown_seconds:
        spoken = await _last_turns(session, message.channel.channel_id)
        pause = timedelta(seconds=settings.cooldown_seconds)
        if spoken and message.created_at - spoken[0].created_at < pause:
            return True
    if settings.quiet_from is None:
        return False
    zone = await session.scalar(
        select(ServerPolicy.time_zone).where(ServerPolicy.guild_id == settings.guild_id)
    )
    return is_within(
        message.created_at.astimezone(ZoneInfo(zone or "UTC")),
        settings.quiet_from,
        settings.quiet_until or 0,
    )


def is_within(at: datetime, start: int, end: int) -> bool:
    """Whether a local time is in the hours from one to another, which may be on the next day."""
    if start <= end:
        return start <= at.hour < end
    return at.hour >= start or at.hour < end
