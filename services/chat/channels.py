"""Channels in which personalities answer everything, and whom people chose for their DMs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from db.models import ActivatedChannel, Personality
from db.session import Sessions
from services.chat import queries
from services.chat.errors import AgeRestricted, NotActivated
from services.chat.queries import Resolution
from services.errors import ModeratorsOnly
from services.people import get_or_create_user
from services.personalities import PersonalityNotFound
from services.types import Actor, Channel


class ChannelService:
    """Who answers where."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def activate(self, actor: Actor, place: Channel, personality: Personality) -> None:
        """Let a personality answer every message of people in a channel.

        Raises:
            AgeRestricted: It may not speak there.
            ModeratorsOnly: The actor may not decide that.
        """
        if place.guild_id is None or not actor.moderates:
            raise ModeratorsOnly
        if personality.age_restricted and not place.age_restricted:
            raise AgeRestricted(personality.name)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await session.execute(
                insert(ActivatedChannel)
                .values(
                    channel_id=place.channel_id,
                    guild_id=place.guild_id,
                    personality_id=personality.id,
                    activated_by=user.id,
                )
                .on_conflict_do_nothing()
            )

    async def deactivate(self, actor: Actor, place: Channel, personality: Personality) -> None:
        """Let a personality answer only when it is called.

        Raises:
            ModeratorsOnly: The actor may not decide that.
            NotActivated: It does so already.
        """
        if not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            gone = await session.execute(
                delete(ActivatedChannel)
                .where(
                    ActivatedChannel.channel_id == place.channel_id,
                    ActivatedChannel.personality_id == personality.id,
                )
                .returning(ActivatedChannel.id)
            )
            if gone.first() is None:
                raise NotActivated(personality.name)

    async def activated(self, guild_id: int) -> Sequence[tuple[int, str]]:
        """Return the channels of a guild and who answers everything there."""
        async with self._sessions() as session:
            rows = await session.execute(
                select(ActivatedChannel.channel_id, Personality.name)
                .join(Personality, Personality.id == ActivatedChannel.personality_id)
                .where(ActivatedChannel.guild_id == guild_id)
                .order_by(ActivatedChannel.channel_id, Personality.name)
            )
            return [(channel_id, name) for channel_id, name in rows]

    async def choose_for_dms(self, actor: Actor, personality: Personality) -> None:
        """Let a personality answer the actor's DMs."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            user.dm_personality_id = personality.id

    async def resolution(self, actor: Actor, personality_id: UUID) -> Resolution:
        """Return what a personality speaks with to the actor, and where each choice came from.

        Raises:
            PersonalityNotFound: It is gone.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            found = await queries.resolve(session, user.id, personality_id)
        if found is None:
            raise PersonalityNotFound("this personality")
        return found
