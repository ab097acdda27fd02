"""Channels in which personalities answer every message, and the personality for DMs."""

from collections.abc import Sequence
from typing import Final, TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from typing_extensions import Unpack

from db.models import ActivatedChannel, Callers, ChannelSettings, Personality
from db.session import Sessions
from services.access import Situation, admit, authorize, log_action
from services.chat.addressing import dm_personality, load_context
from services.chat.errors import AgeRestricted, NotActivated
from services.chat.reply_context import CHAT
from services.chat.resolution import Resolution, resolve
from services.errors import ModeratorsOnly, OptedOut
from services.people import get_or_create_user
from services.personalities import PersonalityDeleted
from services.texts import clean_text, on_one_line
from services.types import Actor, Channel

MAX_SCENE: Final = 200  # characters


class ChannelChanges(TypedDict, total=False):
    """Changes of a channel's settings, see `ChannelSettings`."""

    chattiness: int
    quiet_from: int | None
    quiet_until: int | None
    cooldown_seconds: int
    callers: Callers
    caller_role_id: int | None
    threads_by_name: bool
    max_answers: int
    max_turns: int
    scene_place: str
    scene_time: str
    scene_tone: str


_INHERITED = tuple(ChannelChanges.__annotations__)


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

    async def settings(self, channel: Channel) -> ChannelSettings:
        """Return the settings of a channel; without any, the defaults."""
        async with self._sessions() as session:
            found = await session.get(ChannelSettings, channel.channel_id)
        guild_id = channel.guild_id or 0
        return found or ChannelSettings(channel_id=channel.channel_id, guild_id=guild_id)

    async def change_settings(
        self, actor: Actor, channel: Channel, **changes: Unpack[ChannelChanges]
    ) -> ChannelSettings:
        """Change the settings of a channel; what is left out stays.

        Raises:
            ModeratorsOnly: The actor is not a moderator of a server.
        """
        if channel.guild_id is None or not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            row = {"channel_id": channel.channel_id, "guild_id": channel.guild_id}
            # A thread begins with the settings of its channel.
            parent = (
                await session.get(ChannelSettings, channel.parent_id) if channel.parent_id else None
            )
            inherited = {name: getattr(parent, name) for name in _INHERITED} if parent else {}
            values = {**inherited, **row}
            await session.execute(insert(ChannelSettings).values(values).on_conflict_do_nothing())
            settings = await session.get_one(
                ChannelSettings, channel.channel_id, with_for_update=True
            )
            for name, value in changes.items():
                setattr(settings, name, value)
            if changes:
                described = ", ".join(f"{name} = {value}" for name, value in changes.items())
                log_action(session, actor, "channel settings", described, guild_id=channel.guild_id)
            return settings

    async def set_scene(
        self, actor: Actor, channel: Channel, *, place: str, time: str, tone: str
    ) -> ChannelSettings:
        """Set where and when a channel's play happens, and in which tone, for all of them.

        Raises:
            ModeratorsOnly: The actor is not a moderator of a server.
            TextTooLong: One of them is too long.
        """
        cleaned = {
            f"scene_{name}": on_one_line(clean_text(text, field=name, limit=MAX_SCENE))
            for name, text in (("place", place), ("time", time), ("tone", tone))
        }
        return await self.change_settings(actor, channel, **cast("ChannelChanges", cleaned))

    async def set_streaming(self, actor: Actor, is_on: bool) -> None:  # noqa: FBT001
        """Choose whether answers to the actor are shown while they are written."""
        async with self._sessions.begin() as session:
            (await get_or_create_user(session, actor)).streams_answers = is_on

    async def set_dm_personality(self, actor: Actor, personality: Personality) -> None:
        """Select the personality that answers the actor's DMs."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            user.dm_personality_id = personality.id

    async def dm_personality(self, actor: Actor) -> Personality | None:
        """Return the personality that the actor has selected, unless it was deleted."""
        async with self._sessions() as session:
            personality_id = await dm_personality(session, actor.discord_id)
            return await session.get(Personality, personality_id) if personality_id else None

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
            resolution = await resolve(session, user.id, personality_id)
        if resolution is None:
            raise PersonalityDeleted
        return resolution
