"""Spoken answers: an answer that is sent is spoken afterwards, so that nobody waits for it."""

import logging
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import ClassVar, Final, Self
from uuid import UUID

from pydantic import Base64Bytes, BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import (
    ConversationLine,
    Personality,
    ServerPolicy,
    SpokenAnswers,
)
from db.session import Sessions
from services.access import AccessRefused, Caller, Situation, authorize
from services.answer_callers import AnswerJob, caller_of_answer
from services.errors import DomainError, TransientError
from services.jobs import DISCORD, Handler, Run, enqueue
from services.media import SPEECH, ObjectStore, enqueue_deletion
from services.people import get_or_create_user
from services.personalities import VoiceSettings
from services.speech import MAX_SPOKEN, Speech, SpeechModels, SpeechRequest
from services.types import Actor, Channel
from services.voice.ports import VoiceAdapter
from services.voice.service import VOICE

log = logging.getLogger(__name__)

# An answer is not spoken any more when the conversation has gone on without.
_MAX_AGE: Final = timedelta(minutes=15)
_NONCE: Final = 25  # characters, Discord's limit


class SpokenAnswerJob(AnswerJob):
    """An answer is to be spoken in its channel."""

    kind: ClassVar[str] = "spoken answer"
    group: ClassVar[str] = DISCORD

    enqueued_at: datetime


@dataclass(frozen=True)
class _Spoken:
    """An answer with how it is to be spoken, and who pays."""

    line: ConversationLine
    name: str
    settings: VoiceSettings
    mode: SpokenAnswers
    caller: Caller


class _StoredSpeech(BaseModel):
    """What is to be known of speech beside its file."""

    suffix: str
    media_type: str
    seconds: float | None
    waveform: Base64Bytes | None

    @classmethod
    def of(cls, speech: Speech) -> Self:
        encoded = None if speech.waveform is None else b64encode(speech.waveform)
        return cls(
            suffix=speech.suffix,
            media_type=speech.media_type,
            seconds=speech.seconds,
            waveform=encoded,
        )

    def with_data(self, data: bytes) -> Speech:
        return Speech(
            data=data,
            suffix=self.suffix,
            media_type=self.media_type,
            seconds=self.seconds,
            waveform=self.waveform,
        )


async def enqueue_speech(session: AsyncSession, line_id: UUID, channel: Channel) -> None:
    """Have an answer spoken, instead of an older text of it that was not spoken yet."""
    job = SpokenAnswerJob(
        line_id=line_id,
        enqueued_at=datetime.now(UTC),
        parent_id=channel.parent_id,
        age_restricted=channel.age_restricted,
    )
    await enqueue(session, job, lock_key=f"spoken answer:{line_id}", replacing=True)


class SpokenAnswerHandler(Handler[SpokenAnswerJob]):
    """Speaks an answer, and adds it to the messages of that."""

    payload_type = SpokenAnswerJob
    max_attempts: ClassVar[int] = 3
    timeout_seconds: ClassVar[float] = 300

    def __init__(
        self,
        sessions: Sessions,
        models: SpeechModels,
        store: ObjectStore,
        adapter: VoiceAdapter,
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._store = store
        self._adapter = adapter

    @override
    async def run(self, run: Run[SpokenAnswerJob]) -> None:
        spoken = await self._load(run.payload)
        voice_message_id = None
        if spoken is not None:
            try:
                voice_message_id = await self._speak(run, spoken)
            except TransientError:
                raise
            except DomainError as error:  # it stands there in writing
                log.info("Answer %s is not spoken: %r", spoken.line.id, error)
        is_orphaned = False
        async with run.final_transaction() as session:
            if spoken is not None:
                key = f"{SPEECH}{spoken.line.id}-{_nonce(spoken.line)}"
                await enqueue_deletion(session, [key])
            if spoken is not None and voice_message_id is not None:
                line = await session.get(
                    ConversationLine, run.payload.line_id, with_for_update=True
                )
                is_gone = line is None or line.deleted_at is not None
                if line is None or is_gone or line.content != spoken.line.content:
                    is_orphaned = True
                else:
                    line.voice_message_id = voice_message_id
        if is_orphaned and spoken is not None and voice_message_id is not None:
            await self._adapter.delete(spoken.line.channel_id, voice_message_id)

    async def _speak(self, run: Run[SpokenAnswerJob], spoken: _Spoken) -> int | None:
        is_voice_message = spoken.mode is SpokenAnswers.VOICE_MESSAGE
        key = f"{SPEECH}{spoken.line.id}-{_nonce(spoken.line)}"

        async def speak() -> _StoredSpeech:
            speech = await self._models.speak(
                to_request(spoken.line.content, spoken.settings),
                vendor=spoken.settings.vendor,
                caller=spoken.caller,
                with_waveform=is_voice_message,
            )
            await self._store.put(key, speech.data, media_type=speech.media_type)
            return _StoredSpeech.of(speech)

        # Paid once, however often Discord does not take it.
        stored = await run.step(key, _StoredSpeech, speak)
        speech = stored.with_data(await self._store.get(key))
        # It may have been changed meanwhile; then the new text is spoken.
        current = await self._load(run.payload)
        if current is None or current.line.content != spoken.line.content:
            return None
        channel_id, message_ids = current.line.channel_id, current.line.discord_message_ids
        if is_voice_message:
            return await self._adapter.send_voice_message(
                channel_id, message_ids, speech, name=spoken.name, nonce=_nonce(spoken.line)
            )
        await self._adapter.attach(channel_id, message_ids, speech, name=spoken.name)
        return None

    async def _load(self, job: SpokenAnswerJob) -> _Spoken | None:
        """Return an answer that is still to be spoken, or None."""
        async with self._sessions() as session:
            line = await session.get(ConversationLine, job.line_id)
            if line is None or line.deleted_at is not None or not line.is_spoken:
                return None
            is_late = datetime.now(UTC) - job.enqueued_at > _MAX_AGE
            if is_late or not line.discord_message_ids:
                return None
            policy = await session.get(ServerPolicy, line.guild_id) if line.guild_id else None
            mode = SpokenAnswers(policy.spoken_answers) if policy else SpokenAnswers.FILE
            if mode is SpokenAnswers.OFF:
                return None
            try:
                paying = await caller_of_answer(session, VOICE, job, line)
            except AccessRefused as error:
                log.info("Answer %s is not spoken: %r", line.id, error)
                return None
            if paying is None:
                return None
            personality, caller = paying
            settings = VoiceSettings.read(personality.voice_settings)
            return _Spoken(line, personality.name, settings, mode, caller)


def _nonce(line: ConversationLine) -> str:
    """Return what tells this text of an answer from all others."""
    return sha256(f"{line.id} {line.content}".encode()).hexdigest()[:_NONCE]


class VoiceTester:
    """Lets makers hear how a personality speaks."""

    def __init__(self, sessions: Sessions, models: SpeechModels) -> None:
        self._sessions = sessions
        self._models = models

    async def speak(
        self, actor: Actor, channel: Channel, personality: Personality, text: str
    ) -> Speech:
        """Return a text as a personality speaks it.

        Raises:
            AccessDenied, BudgetSpent: The actor may not, or a budget leaves no room for it.
            ModelError, NoSpeechModel, NothingToSpeak: It was not spoken.
        """
        async with self._sessions.begin() as session:
            caller = await authorize(
                session,
                VOICE,
                user=await get_or_create_user(session, actor),
                personality_id=personality.id,
                situation=Situation.of(actor, channel),
            )
        settings = VoiceSettings.read(personality.voice_settings)
        request = to_request(text[:MAX_SPOKEN], settings)
        return await self._models.speak(request, vendor=settings.vendor, caller=caller)


def to_request(text: str, settings: VoiceSettings) -> SpeechRequest:
    """Return a text with how a personality speaks it."""
    return SpeechRequest(
        text=text,
        voice=settings.voice,
        speed=settings.speed,
        pitch=settings.pitch,
        style=settings.style,
    )
