"""Answers where the bot is not: to whoever has installed the app for themselves.

Nothing is known there of the place, its members and its history, and nothing is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import select

from db.session import Sessions
from services.access import AccessDenied, Situation, Verdict, is_available, person_verdict
from services.chat.addressing import load_context, redact, shown_text
from services.chat.crisis import is_crisis
from services.chat.errors import CrisisHeard
from services.chat.files import read_picture
from services.chat.ordering import AnswerSlots, TurnQueues
from services.chat.ports import ChatAdapter
from services.chat.reply_generation import ReplyGenerator
from services.chat.reply_request import ReplyRequest
from services.chat.seeing import Pictures
from services.errors import OptedOut
from services.faces import FaceChooser
from services.message_parts import MessagePart
from services.personalities import Personality, PersonalityNotFound
from services.types import Channel, IncomingMessage, Speaker

# No conversation is stored under it, so that an answer is based on none.
_NOWHERE = 0


@dataclass(frozen=True, kw_only=True)
class UserInstallAnswer:
    """An answer, who gives it, and notes for the person."""

    speaker: Speaker
    text: str
    notes: Sequence[str] = ()


class UserInstallAnswers:
    """Answers with one's own personalities and published ones, wherever one is."""

    def __init__(
        self,
        sessions: Sessions,
        generator: ReplyGenerator,
        adapter: ChatAdapter,
        faces: FaceChooser,
        slots: AnswerSlots,
    ) -> None:
        self._sessions = sessions
        self._generator = generator
        self._adapter = adapter
        self._faces = faces
        self._slots = slots
        self._order = TurnQueues()

    async def ask(
        self,
        message: IncomingMessage,
        personality: Personality,
        *,
        parts: Sequence[MessagePart] = (),
        channel: Channel,
        is_member: bool,
    ) -> UserInstallAnswer:
        """Return what a personality answers to a message and what it shows.

        Its `channel` is as far known as `is_member` of its server the bot is. Rules of the place
        hold; what the answer is based on does not depend on it.

        Raises:
            AccessDenied, AgeRestricted, BudgetSpent: It may not answer this person, or not there.
            CrisisHeard: What is said sounds like a crisis.
            ModelError, NoConfig, NoUsableReply: There is no answer.
            OptedOut: The person has opted out.
            PersonalityNotFound: It is neither their own nor public.
            TooManyMessages: Too many of the person's messages are answered already.
        """
        person = message.account
        async with (
            self._order.join(person) as position,
            # As many in a channel as one person may have answered at once.
            self._slots.acquire(person, person, position),
        ):
            return await self._ask(
                message, personality, parts=parts, channel=channel, is_member=is_member
            )

    async def _ask(
        self,
        message: IncomingMessage,
        personality: Personality,
        *,
        parts: Sequence[MessagePart],
        channel: Channel,
        is_member: bool,
    ) -> UserInstallAnswer:
        actor = message.author
        shown = replace(message, parts=(*message.parts, *parts))
        async with self._sessions() as session:
            context = await load_context(session, people=sorted(shown.people))
            situation = Situation.of(actor, channel)
            verdict = Verdict.parse(await session.scalar(select(person_verdict(situation))))
            available = await session.scalar(
                select(Personality.id).where(
                    Personality.id == personality.id, is_available({actor.discord_id})
                )
            )
        if actor.discord_id in context.opted_out:
            raise OptedOut
        if verdict is not None:
            raise AccessDenied(verdict.reason, personality.name)
        if available is None:
            raise PersonalityNotFound(personality.name)
        if is_crisis(message.content):
            raise CrisisHeard
        redacted = redact(shown, context.opted_out, context.incognito)
        is_blocked = partial(self._adapter.is_blocked, channel) if is_member else None
        reply = await self._generator.generate(
            ReplyRequest(
                personality_id=personality.id,
                actor=actor,
                channel=replace(message.channel, channel_id=_NOWHERE),
                text=shown_text([redacted], [""]),
                pictures=Pictures(
                    others=[picture for part in redacted.parts for picture in part.pictures],
                    read=partial(read_picture, self._adapter),
                ),
                is_blocked=is_blocked,
                has_place=False,
            )
        )
        return UserInstallAnswer(
            speaker=await self._faces.speaker(personality, reply.text),
            text=reply.text,
            notes=reply.notes,
        )
