"""Voice messages: what is said in them becomes a part of the message."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ActivatedChannel,
    CallOutcome,
    LlmCall,
    Persona,
    Personality,
    ServerPolicy,
    User,
    VoiceMessages,
)
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.access import BudgetSpent, Caller, Situation, authorize
from services.errors import DomainError
from services.llm import ModelError, ModelRefused
from services.message_parts import Attachment, Forward, Reply, VoiceMessage
from services.people import get_or_create_user
from services.personalities import VoiceSettings
from services.speech import (
    MAX_BYTES,
    NoTranscriptionModel,
    Recording,
    SpeechModels,
    Transcript,
    TranscriptionRequest,
    UnreadableRecording,
)
from services.texts import is_blank
from services.types import IncomingMessage
from services.voice.errors import Unheard, VoiceMessageUnheard
from services.voice.ports import VoiceAdapter

log = logging.getLogger(__name__)

VOICE: Final = "voice"
_MAX_RECORDINGS, _MAX_NAMES = 3, 12
# What was heard lately is known for a while, in memory only: the words are somebody's.
_MAX_KNOWN = 500
_WORDS: Final = {
    Unheard.NOT_CONFIGURED: "which cannot be heard here",
    Unheard.SERVER: "which may not be heard here",
    Unheard.DAY: "which was not heard: too much was said today",
    Unheard.TOO_LARGE: "which is too large to be heard",
    Unheard.TOO_MANY: "which was not heard: the message has too many",
    Unheard.UNREADABLE: "which could not be made out",
    Unheard.NO_WORDS: "in which there are no words",
    Unheard.FAILED: "which could not be made out",
    Unheard.BUDGET: "which was not heard: a budget is spent",
}


@dataclass(frozen=True)
class VoiceOptions:
    """How much of one person is heard within a day, and the language that is spoken, if one is."""

    seconds_per_day: float = 1800
    language: str | None = None


@dataclass(frozen=True)
class _Permit:
    """Who hears a message: whose call it is, which names may be in it, whether it is quoted."""

    caller: Caller
    names: tuple[str, ...]
    is_quoted: bool


@dataclass(frozen=True)
class _Heard:
    transcript: Transcript | None
    unheard: Unheard | None = None


class VoiceService:
    """Hears the recordings of messages that a personality answers, each once; says who speaks."""

    def __init__(
        self,
        sessions: Sessions,
        models: SpeechModels,
        adapter: VoiceAdapter,
        options: VoiceOptions | None = None,
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._adapter = adapter
        self._options = options or VoiceOptions()
        self._known: OrderedDict[str, asyncio.Task[_Heard]] = OrderedDict()
        # Messages that were deleted, perhaps while they were being heard.
        self._forgotten: deque[int] = deque(maxlen=_MAX_KNOWN)
        # One recording of a person is heard at a time: the day has so many seconds for all.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def hear(
        self, messages: Sequence[IncomingMessage], personality_ids: Sequence[UUID]
    ) -> list[IncomingMessage]:
        """Return messages with their recordings as parts that say what was heard.

        Raises:
            AccessDenied: A rule forbids their author to call the personality there.
            VoiceMessageUnheard: There is nothing else in them, and nothing was heard.
        """
        heard = [await self._hear(each, personality_ids) for each in messages]
        unheard = [reason for message, reason in heard if reason and _says_nothing(message)]
        if unheard and len(unheard) == len(messages):
            raise VoiceMessageUnheard(unheard[-1])
        return [message for message, _ in heard]

    def is_spoken(self, personality: Personality, messages: Sequence[IncomingMessage]) -> bool:
        """Whether a personality speaks its answer to these messages."""
        if not (self._models.can_speak and personality.voice_enabled):
            return False
        parts = [part for message in messages for part in message.parts]
        is_spoken_to = any(isinstance(part, VoiceMessage) for part in parts)
        return is_spoken_to or VoiceSettings.read(personality.voice_settings).always

    async def forget_messages(self, message_ids: Sequence[int]) -> None:
        """Delete what was quoted of messages that were deleted, and quote no more of them."""
        self._forgotten.extend(message_ids)
        await self._adapter.remove_quotes(message_ids)

    async def delete_spoken(self, voice_messages: Sequence[tuple[int, int]]) -> None:
        """Delete voice messages of answers that are gone, each given with its channel."""
        for channel_id, message_id in voice_messages:
            await self._adapter.delete(channel_id, message_id)

    def forget_transcripts(self, message_ids: Sequence[int]) -> None:
        """Forget what was heard, and quote nothing of these messages that is being heard."""
        self._forgotten.extend(message_ids)
        self._known.clear()

    def with_known(self, message: IncomingMessage) -> IncomingMessage:
        """Return a message with what was heard in its recordings, as far as that is known."""
        known = {
            each: hearing.result()
            for each in message.attachments
            if (hearing := self._known.get(_key(each))) is not None
            and hearing.done()
            and not hearing.cancelled()
            and hearing.exception() is None
        }
        parts = [_part(message, each, result) for each, result in known.items()]
        others = tuple(each for each in message.attachments if each not in known)
        return replace(message, attachments=others, parts=(*message.parts, *parts))

    async def _hear(
        self, message: IncomingMessage, personality_ids: Sequence[UUID]
    ) -> tuple[IncomingMessage, Unheard | None]:
        """Return a message with what was heard in it, and why something was not."""
        recordings = [each for each in message.attachments if _is_recording(each)]
        if not recordings:
            return message, None
        results = await self._hear_all(message, recordings, personality_ids)
        parts = [
            _part(message, recording, result)
            for recording, result in zip(recordings, results, strict=True)
        ]
        others = tuple(each for each in message.attachments if each not in recordings)
        unheard = next((each.unheard for each in results if each.unheard), None)
        return replace(message, attachments=others, parts=(*message.parts, *parts)), unheard

    async def _hear_all(
        self,
        message: IncomingMessage,
        recordings: Sequence[Attachment],
        personality_ids: Sequence[UUID],
    ) -> list[_Heard]:
        refused = Unheard.NOT_CONFIGURED
        if self._models.can_hear:
            permitted = await retry_on_disconnect(lambda: self._permit(message, personality_ids))
            if isinstance(permitted, _Permit):
                few = recordings[:_MAX_RECORDINGS]
                heard = await asyncio.gather(
                    *(self._once(message, each, permitted) for each in few)
                )
                return [*heard, *(_Heard(None, Unheard.TOO_MANY) for _ in recordings[len(few) :])]
            refused = permitted
        return [_Heard(None, refused) for _ in recordings]

    async def _permit(
        self, message: IncomingMessage, personality_ids: Sequence[UUID]
    ) -> _Permit | Unheard:
        """Return who hears a message, or why it may not be heard."""
        channel = message.channel
        async with self._sessions.begin() as session:
            mode = VoiceMessages.HEARD
            if channel.guild_id is not None:
                policy = await session.get(ServerPolicy, channel.guild_id)
                mode = VoiceMessages(policy.voice_messages) if policy else mode
            if mode is VoiceMessages.OFF:
                return Unheard.SERVER
            user = await get_or_create_user(session, message.author)
            caller = await authorize(
                session,
                VOICE,
                user=user,
                personality_id=personality_ids[0] if personality_ids else None,
                situation=Situation.of(message.author, channel),
            )
            names = await _names(session, personality_ids, channel.channel_id, user.id)
        return _Permit(caller, names, is_quoted=mode is VoiceMessages.QUOTED)

    async def _once(
        self, message: IncomingMessage, recording: Attachment, permit: _Permit
    ) -> _Heard:
        """Return what is heard in a recording; who asks again, or at once, waits for the first."""
        key = _key(recording)
        hearing = self._known.get(key)
        if hearing is None or (hearing.done() and _is_worth_another_try(hearing)):
            hearing = asyncio.create_task(self._listen(message, recording, permit))
            self._known[key] = hearing
            while len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        # It goes on if whoever waits for it begins anew.
        return await asyncio.shield(hearing)

    async def _listen(
        self, message: IncomingMessage, attachment: Attachment, permit: _Permit
    ) -> _Heard:
        try:
            transcript = await self._transcribe(attachment, permit)
        except (UnreadableRecording, ModelRefused):
            return _Heard(None, Unheard.UNREADABLE)
        except BudgetSpent:
            return _Heard(None, Unheard.BUDGET)
        except (ModelError, NoTranscriptionModel) as error:
            log.warning("A voice message was not heard: %r", error)
            return _Heard(None, Unheard.FAILED)
        if isinstance(transcript, Unheard):
            return _Heard(None, transcript)
        if not transcript.text.strip():
            return _Heard(transcript, Unheard.NO_WORDS)
        if permit.is_quoted:
            await self._quote(message, transcript.text)
        return _Heard(transcript)

    async def _quote(self, message: IncomingMessage, text: str) -> None:
        """Show what was heard in a message, unless that is deleted meanwhile."""
        if message.message_id in self._forgotten:
            return
        try:
            await self._adapter.quote(message, text)
            if message.message_id in self._forgotten:
                await self._adapter.remove_quotes([message.message_id])
        except DomainError as error:  # it is answered all the same
            log.info("A voice message is not quoted: %r", error)

    async def _transcribe(self, attachment: Attachment, permit: _Permit) -> Transcript | Unheard:
        data = await self._adapter.read(attachment, max_bytes=MAX_BYTES)
        if data is None:
            return Unheard.TOO_LARGE if attachment.size > MAX_BYTES else Unheard.FAILED
        recording = await self._models.prepare(data)
        account = permit.caller.account_id or 0
        turn = self._turns.setdefault(account, asyncio.Lock())
        async with turn:
            return await self._transcribe_in_turn(recording, permit)

    async def _transcribe_in_turn(
        self, recording: Recording, permit: _Permit
    ) -> Transcript | Unheard:
        if (
            await self._heard_today(permit.caller) + recording.seconds
            > self._options.seconds_per_day
        ):
            return Unheard.DAY
        request = TranscriptionRequest(names=permit.names, language=self._options.language)
        return await self._models.transcribe(recording, request, caller=permit.caller)

    async def _heard_today(self, caller: Caller) -> float:
        async def load() -> float:
            async with self._sessions() as session:
                account = caller.account_id
                own = or_(User.discord_id == account, User.account_id == account)
                seconds = select(func.coalesce(func.sum(LlmCall.audio_seconds), 0)).where(
                    LlmCall.user_id.in_(select(User.id).where(own)),
                    LlmCall.outcome == CallOutcome.OK,
                    LlmCall.created_at > func.now() - timedelta(days=1),
                )
                return float(await session.scalar(seconds) or 0)

        return await retry_on_disconnect(load)


def _is_recording(attachment: Attachment) -> bool:
    """Whether a file is a recording that can be heard."""
    return attachment.seconds is not None or attachment.media_type.startswith("audio/")


def _key(recording: Attachment) -> str:
    """Return what a recording is known by: the rest of its address is a signature."""
    return recording.url.partition("?")[0]


def _says_nothing(message: IncomingMessage) -> bool:
    """Whether there is nothing in a message but recordings in which nothing was heard."""
    others = (
        each
        for each in message.parts
        if not (isinstance(each, Reply) or (isinstance(each, VoiceMessage) and not each.text))
    )
    return is_blank(message.content) and not message.attachments and not any(others)


def _is_worth_another_try(hearing: asyncio.Task[_Heard]) -> bool:
    if hearing.cancelled() or hearing.exception() is not None:
        return True
    return hearing.result().unheard in (Unheard.FAILED, Unheard.BUDGET, Unheard.DAY)


def _part(message: IncomingMessage, recording: Attachment, heard: _Heard) -> VoiceMessage:
    transcript = heard.transcript
    return VoiceMessage(
        seconds=transcript.seconds if transcript else recording.seconds or 0,
        text=transcript.text if transcript else "",
        unheard=_WORDS[heard.unheard] if heard.unheard else "",
        is_cut=transcript.is_cut if transcript else False,
        is_forwarded=any(isinstance(each, Forward) for each in message.parts),
    )


async def _names(
    session: AsyncSession, personality_ids: Sequence[UUID], channel_id: int, user_id: UUID
) -> tuple[str, ...]:
    """Return names that are likely to be said: of who answers, who is here, and one's own."""
    here = select(ActivatedChannel.personality_id).where(ActivatedChannel.channel_id == channel_id)
    personalities = await session.scalars(
        select(Personality.name)
        .where(Personality.id.in_(personality_ids) | Personality.id.in_(here))
        .limit(_MAX_NAMES)
    )
    personas = select(Persona.name).where(Persona.owner_id == user_id).limit(_MAX_NAMES)
    return tuple(dict.fromkeys([*personalities, *await session.scalars(personas)]))[:_MAX_NAMES]
