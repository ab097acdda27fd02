"""Letting personalities say their first words, and others of them instead."""

import logging
from contextlib import suppress
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality
from db.session import Sessions
from services.access import Situation, permit
from services.chat import queries
from services.chat.errors import AgeRestricted, AnswerNotFound, NotYourAnswer
from services.chat.greetings import GREETING, Greeting, greeting_line, has_spoken, render
from services.chat.impersonation import refuse_impersonation
from services.chat.persistence import ConversationWriter
from services.chat.ports import ChatAdapter
from services.chat.reply_context import CHAT
from services.chat.resolution import Resolution, resolve
from services.clock import Clock
from services.errors import DomainError
from services.faces import FaceChooser
from services.people import User, get_or_create_user
from services.types import Actor, Channel, speaker_of

log = logging.getLogger(__name__)


class GreetingService:
    """Lets personalities say their first words, and others of them instead."""

    def __init__(
        self,
        sessions: Sessions,
        writer: ConversationWriter,
        adapter: ChatAdapter,
        clock: Clock,
        faces: FaceChooser,
    ) -> None:
        self._sessions = sessions
        self._writer = writer
        self._adapter = adapter
        self._clock = clock
        self._faces = faces

    async def greet(self, actor: Actor, channel: Channel, personality_id: UUID) -> bool:
        """Let a personality say its first words, unless it has spoken in the channel.

        Return whether it has said them: what forbids it to speak there forbids that, too.
        """
        try:
            async with self._sessions.begin() as session:
                if await has_spoken(session, channel.channel_id, personality_id):
                    return False
                user, resolution = await self._resolve(session, actor, channel, personality_id)
            personality = resolution.personality
            name = resolution.persona.preferred_name or resolution.persona.name
            greeting = render(personality, channel, index=0, user=name, now=self._clock.now())
            if greeting is None or user.incognito:
                return False
            await refuse_impersonation(
                self._sessions,
                personality,
                lambda name: self._adapter.namesakes(channel, name),
            )
            await self._say(channel, personality, greeting, user.id)
        except DomainError as error:
            log.info("No first words in channel %s: %s", channel.channel_id, type(error).__name__)
            return False
        return True

    async def turn(self, actor: Actor, channel: Channel, line_id: UUID, index: int) -> None:
        """Replace first words by others of the personality.

        Raises:
            AnswerNotFound: They are gone, or the personality has none any more.
            NotYourAnswer: They were said to someone else, and the actor is not a moderator.
        """
        async with self._sessions() as session:
            line = await queries.answer(session, line_id)
            if (
                line is None
                or GREETING not in (line.provenance or {})
                or line.user_id is None
                or line.personality_id is None
            ):
                raise AnswerNotFound
            user = await session.get_one(User, line.user_id)
            resolution = await resolve(session, user.id, line.personality_id)
        if actor.discord_id not in (user.discord_id, user.account_id) and not actor.moderates:
            raise NotYourAnswer
        if resolution is None:
            raise AnswerNotFound
        name = resolution.persona.preferred_name or resolution.persona.name
        personality = resolution.personality
        greeting = render(personality, channel, index=index, user=name, now=self._clock.now())
        if greeting is None:
            raise AnswerNotFound
        speaker, old_ids = speaker_of(personality), line.discord_message_ids
        new_ids = await self._adapter.edit(
            channel, speaker, old_ids, greeting.text, line_id=line.id, page=greeting.page
        )
        await self._writer.update_answer(
            *(channel, line, None),
            content=greeting.text,
            discord_message_ids=new_ids,
            provenance={GREETING: greeting.page.index},
        )
        surplus = [each for each in old_ids if each not in new_ids]
        with suppress(DomainError):
            await self._adapter.delete(channel, surplus)

    async def _resolve(
        self, session: AsyncSession, actor: Actor, channel: Channel, personality_id: UUID
    ) -> tuple[User, Resolution]:
        """Return who is greeted and by whom.

        Raises:
            AccessDenied, AgeRestricted: The personality may not speak there.
            AnswerNotFound: It was deleted.
        """
        user = await get_or_create_user(session, actor)
        situation = Situation.of(actor, channel)
        resolution = await resolve(session, user.id, personality_id, situation=situation)
        if resolution is None:
            raise AnswerNotFound
        personality = resolution.personality
        permit(
            CHAT,
            resolution.verdict,
            user=user,
            personality_id=personality.id,
            name=personality.name,
            guild_id=channel.guild_id,
        )
        if personality.age_restricted and not channel.age_restricted:
            raise AgeRestricted(personality.name)
        return user, resolution

    async def _say(
        self, channel: Channel, personality: Personality, greeting: Greeting, user_id: UUID
    ) -> None:
        line_id = uuid4()
        message_ids = await self._adapter.send(
            channel,
            await self._faces.speaker(personality, greeting.text),
            greeting.text,
            line_id=line_id,
            page=greeting.page,
        )
        line = greeting_line(
            channel,
            personality,
            greeting,
            user_id=user_id,
            line_id=line_id,
            message_ids=message_ids,
        )
        async with self._sessions.begin() as session:
            await queries.append(session, channel.channel_id, [line])
