"""What holds when a personality answers somebody somewhere, and who has decided it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActivatedChannel, ServerPolicy, SpokenAnswers, User
from db.session import Sessions
from services.access import Situation
from services.chat import queries
from services.chat.answer_style import SPEAKERS_LANGUAGE
from services.chat.resolution import Resolution, resolve
from services.clock import Clock
from services.people import get_or_create_user
from services.personalities import VoiceSettings
from services.time_zones import time_zone_label
from services.types import Actor, Channel

_YOU, _MAKER, _SERVER, _DEFAULT = "you", "its maker", "the moderators here", "the default"


@dataclass(frozen=True)
class Preference:
    """A value in words, and who has decided it."""

    value: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What holds for a user with a personality; without one, only what is the user's own."""

    user: User
    resolution: Resolution | None
    memory: Preference
    streaming: Preference
    time_zone: Preference
    language: Preference | None = None
    voice: Preference | None = None


class PreferenceService:
    """Finds the preferences that apply, and who has decided each."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def show(
        self, actor: Actor, channel: Channel, personality_id: UUID | None = None
    ) -> Preferences:
        """Return what holds for the actor in a channel.

        Without a personality it is about the one that answers there: the only one that answers
        everything, the one of the actor's DMs, or who has answered the actor last.
        """
        situation = Situation.of(actor, channel)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            chosen = personality_id or await who_answers(session, user, channel)
            resolution = (
                await resolve(session, user.id, chosen, situation=situation) if chosen else None
            )
            policy = await session.get(ServerPolicy, channel.guild_id) if channel.guild_id else None
        return Preferences(
            user=user,
            resolution=resolution,
            memory=_memory(user, resolution, policy, self._clock.now()),
            streaming=_streaming(user, resolution, policy),
            time_zone=_time_zone(user, policy),
            language=_language(resolution) if resolution else None,
            voice=_voice(resolution, policy) if resolution else None,
        )


async def who_answers(session: AsyncSession, user: User, channel: Channel) -> UUID | None:
    """Return the personality that answers a user in a channel without being called."""
    if channel.guild_id is None:
        return user.dm_personality_id
    activated = (
        await session.scalars(
            select(ActivatedChannel.personality_id)
            .where(ActivatedChannel.channel_id == channel.channel_id)
            .limit(2)
        )
    ).all()
    if len(activated) == 1:
        return activated[0]
    last = await queries.last_answer(session, channel.channel_id, user.id)
    return last.personality_id if last else None


def _until(user: User) -> str:
    if user.incognito_until is None:
        return ""
    zone = user.time_zone or "UTC"
    local = user.incognito_until.astimezone(ZoneInfo(zone))
    return f" until {local:%-d %B, %H:%M} {time_zone_label(zone)}"


def _memory(
    user: User, resolution: Resolution | None, policy: ServerPolicy | None, now: datetime
) -> Preference:
    if user.incognito:
        return Preference(f"nothing that you say is stored{_until(user)}", _YOU)
    if user.is_fresh(now):
        return Preference("what is remembered of you is not read now", _YOU)
    if policy is not None and not policy.keeps_memories:
        return Preference("nothing that is said here is remembered", _SERVER)
    if resolution is not None and not resolution.personality.memory_enabled:
        return Preference("it remembers nothing beyond the conversation", _MAKER)
    return Preference("what you say is remembered", _DEFAULT)


def _streaming(
    user: User, resolution: Resolution | None, policy: ServerPolicy | None
) -> Preference:
    if not user.streams_answers:
        return Preference("shown once they are whole", _YOU)
    if policy is not None and not policy.streams_answers:
        return Preference("shown once they are whole", _SERVER)
    if resolution is not None and not resolution.personality.streams_answers:
        return Preference("shown once they are whole", _MAKER)
    return Preference("shown while they are written", _DEFAULT)


def _time_zone(user: User, policy: ServerPolicy | None) -> Preference:
    if user.time_zone:
        return Preference(user.time_zone, _YOU)
    if policy is not None and policy.time_zone:
        return Preference(policy.time_zone, _SERVER)
    return Preference("by the language of your Discord", _DEFAULT)


def _language(resolution: Resolution) -> Preference:
    language = resolution.personality.language
    if language == SPEAKERS_LANGUAGE:
        return Preference("the language in which it is spoken to", _MAKER)
    if language:
        return Preference(language, _MAKER)
    return Preference("left to the model", _DEFAULT)


def _voice(resolution: Resolution, policy: ServerPolicy | None) -> Preference:
    personality = resolution.personality
    if not personality.voice_enabled:
        return Preference("writes", _DEFAULT)
    if policy is not None and policy.spoken_answers == SpokenAnswers.OFF:
        return Preference("writes: spoken answers are off", _SERVER)
    if VoiceSettings.read(personality.voice_settings).always:
        return Preference("speaks every answer", _MAKER)
    return Preference("speaks when it is spoken to", _MAKER)
