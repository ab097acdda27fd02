"""Channels in which personalities answer every message, and the personality for DMs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from db.models import ActivatedChannel, Personality
from db.session import Sessions
from services.access import Situation, admit, authorize
from services.chat import queries
from services.chat.addressing import load_context
from services.chat.errors import AgeRestricted, NotActivated, OptedOut
from services.chat.queries import Resolution
from services.chat.reply_context import CHAT
from services.errors import ModeratorsOnly
from services.people import get_or_create_user
from services.personalities import PersonalityNotFound
from services.types import Actor, Channel


class ChannelService:
    """Which personality answers in which channel."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def activate(self, actor: Actor, channel: Channel, personality: Personality) -> None:
        """Let a personality answer every message of people in a channel.

        Raises:
            AgeRestricted: The personality may not speak in this channel.
            ModeratorsOnly: The actor is not a moderator of a server.
        """
        if channel.guild_id is None or not actor.moderates:
            raise ModeratorsOnly
        if personality.age_restricted and not channel.age_restricted:
            raise AgeRestricted(personality.name)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await session.execute(
                insert(ActivatedChannel)
                .values(
                    channel_id=channel.channel_id,
                    guild_id=channel.guild_id,
                    personality_id=personality.id,
                    activated_by=user.id,
                )
                .on_conflict_do_nothing()
            )
            await admit(session, channel.guild_id, personality.id, by=actor.discord_id)

    async def deactivate(self, actor: Actor, channel: Channel, personality: Personality) -> None:
        """Let a personality answer only when it is addressed.

        Raises:
            ModeratorsOnly: The actor is not a moderator.
            NotActivated: The personality is not activated in this channel.
        """
        if not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            deleted = await session.execute(
                delete(ActivatedChannel)
                .where(
                    ActivatedChannel.channel_id == channel.channel_id,
                    ActivatedChannel.personality_id == personality.id,
                )
                .returning(ActivatedChannel.id)
            )
            if deleted.first() is None:
                raise NotActivated(personality.name)

    async def list_activated(self, guild_id: int) -> Sequence[tuple[int, str]]:
        """Return the activated channels of a guild, each with the name of a personality."""
        async with self._sessions() as session:
            rows = await session.execute(
                select(ActivatedChannel.channel_id, Personality.name)
                .join(Personality, Personality.id == ActivatedChannel.personality_id)
                .where(ActivatedChannel.guild_id == guild_id)
                .order_by(ActivatedChannel.channel_id, Personality.name)
            )
            return [(channel_id, name) for channel_id, name in rows]

    async def set_streaming(self, actor: Actor, is_on: bool) -> None:  # noqa: FBT001
        """Choose whether answers to the actor are shown while they are written."""
        async with self._sessions.begin() as session:
            (await get_or_create_user(session, actor)).streams_answers = is_on

    async def set_dm_personality(self, actor: Actor, personality: Personality) -> None:
        """Select the personality that answers the actor's DMs."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            user.dm_personality_id = personality.id

    async def check_may_talk(self, actor: Actor, channel: Channel, personality_id: UUID) -> None:
        """Check that a person may talk to a personality in a channel.

        Raises:
            AccessDenied: A rule forbids it.
            OptedOut: The person has opted out.
        """
        async with self._sessions.begin() as session:
            context = await load_context(session, people=[actor.discord_id])
            if actor.discord_id in context.opted_out:
                raise OptedOut
            user = await get_or_create_user(session, actor)
            await authorize(
                session,
                CHAT,
                user=user,
                personality_id=personality_id,
                situation=Situation.of(actor, channel),
            )

    async def resolution(self, actor: Actor, personality_id: UUID) -> Resolution:
        """Return a personality's config and persona for the actor, and the source of each.

        Raises:
            PersonalityNotFound: It was deleted.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            resolution = await queries.resolve(session, user.id, personality_id)
        if resolution is None:
            raise PersonalityNotFound("this personality")
        return resolution
