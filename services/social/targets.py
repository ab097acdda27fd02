"""Targets that a personality posts to, and their weekly slots."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PostStatus, SocialTarget, TargetKind
from db.session import Sessions
from services.clock import Clock
from services.errors import BotOwnerOnly, ModeratorsOnly
from services.llm import BackgroundCalls
from services.people import get_or_create_user
from services.personalities import get_owned
from services.social import queries
from services.social.captions import CAPTION_LIMITS, DISCORD
from services.social.errors import (
    NetworkUnsupported,
    NoSuchBufferChannel,
    PublisherMissing,
    SeveralTargets,
    TargetChannelClosed,
    TargetNotFound,
    TargetTaken,
)
from services.social.ports import ChannelDirectory
from services.social.scheduling import enqueue_delivery
from services.social.service import next_free_slot
from services.social.times import Slot
from services.social.types import BufferChannel, TargetChannel, TargetDetails
from services.time_zones import parse_time_zone
from services.types import Actor

_MAX_NAME_LENGTH = 80


class TargetService:
    """Targets of personalities.

    A Discord channel is added by a moderator who also owns the personality, a Buffer channel by the
    owner of the bot, whose API key it uses.
    """

    def __init__(
        self,
        sessions: Sessions,
        channels: ChannelDirectory | None,
        background: BackgroundCalls,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._channels = channels
        self._background = background
        self._clock = clock

    async def add_discord_channel(
        self, actor: Actor, personality_id: UUID, channel: TargetChannel
    ) -> SocialTarget:
        """Let a personality post photos to a Discord channel.

        Raises:
            ModeratorsOnly: The actor is not a moderator of the channel.
            OwnersOnly, PersonalityNotFound: It is not the actor's, or does not exist.
            TargetTaken: The personality already has this target.
        """
        if not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            await get_owned(session, actor, personality_id)
            user = await get_or_create_user(session, actor)
            return await _add(
                session,
                personality_id=personality_id,
                kind=TargetKind.DISCORD,
                remote_id=str(channel.channel_id),
                guild_id=channel.guild_id,
                name=f"#{channel.name}"[:_MAX_NAME_LENGTH],
                service=DISCORD,
                time_zone=user.time_zone or "UTC",
                is_public=channel.is_public,
            )

    async def add_buffer_channel(
        self, actor: Actor, personality_id: UUID, name: str
    ) -> SocialTarget:
        """Let a personality post photos to a Buffer channel, found by its name or id.

        Raises:
            BotOwnerOnly: The actor does not own the bot.
            NetworkUnsupported, NoSuchBufferChannel, TargetChannelClosed: It accepts no photos.
            PublisherBusy, PublisherMissing: Buffer does not answer, or has no API key.
            TargetTaken: The personality already has this target.
            UnknownTimeZone: The time zone of the channel is unknown.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        wanted = name.strip().lower()
        matches = [
            each
            for each in await self.channels(actor)
            if wanted in (each.id.lower(), each.name.lower(), label_of(each).lower())
        ]
        if len(matches) != 1:
            raise NoSuchBufferChannel(name)
        (channel,) = matches
        if channel.service not in CAPTION_LIMITS:
            raise NetworkUnsupported(channel.service)
        if channel.problem is not None:
            raise TargetChannelClosed(channel.name, channel.problem)
        async with self._sessions.begin() as session:
            await get_owned(session, actor, personality_id)
            return await _add(
                session,
                personality_id=personality_id,
                kind=TargetKind.BUFFER,
                remote_id=channel.id,
                guild_id=None,
                name=channel.name[:_MAX_NAME_LENGTH],
                service=channel.service,
                time_zone=parse_time_zone(channel.time_zone).key,
                is_public=True,
            )

    async def channels(self, actor: Actor) -> Sequence[BufferChannel]:
        """Return the channels of the Buffer account.

        Raises:
            BotOwnerOnly: The actor does not own the bot.
            PublisherBusy, PublisherMissing: Buffer does not answer, or has no API key.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        if self._channels is None:
            raise PublisherMissing(TargetKind.BUFFER)
        return await self._background.call(self._channels.list_channels)

    async def list_targets(self, actor: Actor, personality_id: UUID) -> Sequence[TargetDetails]:
        """Return the targets of a personality.

        Raises:
            OwnersOnly, PersonalityNotFound: It is not the actor's, or does not exist.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)
            targets = await queries.targets(session, personality_id)
            return await _details(session, targets, self._clock.now())

    async def find(
        self, actor: Actor, name: str, *, personality_id: UUID | None = None
    ) -> SocialTarget:
        """Return the actor's target with this name or id, of one personality or of all.

        Raises:
            SeveralTargets, TargetNotFound: There is more than one match, or none.
        """
        async with self._sessions() as session:
            matches = await queries.targets_by_name(session, actor, name, personality_id)
        if not matches:
            raise TargetNotFound(name)
        if len(matches) > 1:
            raise SeveralTargets(name)
        return matches[0]

    async def suggest_targets(self, actor: Actor, typed: str) -> Sequence[tuple[SocialTarget, str]]:
        """Return targets of the actor with the name of their personality, for autocompletion."""
        async with self._sessions() as session:
            return await queries.search_targets(session, actor, typed)

    async def details(self, actor: Actor, target_id: UUID) -> TargetDetails:
        """Return a target with its weekly slots.

        Raises:
            OwnersOnly, TargetNotFound: It is not the actor's, or does not exist.
        """
        async with self._sessions() as session:
            target = await _get_owned_target(session, actor, target_id)
            return (await _details(session, [target], self._clock.now()))[0]

    async def set_slots(
        self,
        actor: Actor,
        target_id: UUID,
        slots: Collection[Slot],
        *,
        time_zone: str | None = None,
    ) -> TargetDetails:
        """Set the weekly slots of a target; posts that are scheduled keep their time.

        Raises:
            OwnersOnly, TargetNotFound: It is not the actor's, or does not exist.
            UnknownTimeZone: There is no such time zone.
        """
        async with self._sessions.begin() as session:
            target = await _get_owned_target(session, actor, target_id)
            target.time_zone = parse_time_zone(time_zone or target.time_zone).key
            await queries.set_slots(session, target_id, slots)
            await session.flush()
            return (await _details(session, [target], self._clock.now()))[0]

    async def pause(self, actor: Actor, target_id: UUID, *, paused: bool) -> TargetDetails:
        """Pause or resume a target; pausing removes its posts from Buffer's queue.

        Raises:
            OwnersOnly, TargetNotFound: It is not the actor's, or does not exist.
        """
        async with self._sessions.begin() as session:
            target = await _get_owned_target(session, actor, target_id)
            if paused != (target.paused_at is not None):
                target.paused_at = self._clock.now() if paused else None
                await self._enqueue_deliveries(session, target)
            return (await _details(session, [target], self._clock.now()))[0]

    async def remove(self, actor: Actor, target_id: UUID) -> None:
        """Remove a target and the posts planned for it.

        Raises:
            OwnersOnly, TargetNotFound: It is not the actor's, or does not exist.
        """
        async with self._sessions.begin() as session:
            target = await _get_owned_target(session, actor, target_id)
            target.removed_at = self._clock.now()
            await self._enqueue_deliveries(session, target)

    async def close_channel(self, actor: Actor, channel_id: int) -> int:
        """Remove all targets on a Discord channel; return how many there were.

        Raises:
            ModeratorsOnly: The actor is not a moderator of the channel.
        """
        if not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            targets = await queries.targets_on_channel(session, channel_id)
            for target in targets:
                target.removed_at = self._clock.now()
                await self._enqueue_deliveries(session, target)
            return len(targets)

    async def _enqueue_deliveries(self, session: AsyncSession, target: SocialTarget) -> None:
        """Enqueue the delivery of all posts planned for a target, which has changed."""
        await session.flush()
        for post in await queries.planned_posts(session, target.id):
            if post.status == PostStatus.UNCONFIRMED:
                # It may have been posted; only what is in the queue can be withdrawn.
                if target.removed_at is None or post.buffer_post_id is None:
                    continue
                post.status, post.error = PostStatus.SCHEDULED, None
            # At once if the target was removed, so that its posts are deleted.
            at = self._clock.now() if target.removed_at is not None else None
            await enqueue_delivery(session, post, target, self._clock, at=at)


def label_of(channel: BufferChannel) -> str:
    """Return the name of a Buffer channel with its network."""
    return f"{channel.name} · {channel.service}"


async def _add(session: AsyncSession, **columns: object) -> SocialTarget:
    target = await queries.add_target(session, **columns)
    if target is None:
        raise TargetTaken(str(columns["name"]))
    return target


async def _get_owned_target(session: AsyncSession, actor: Actor, target_id: UUID) -> SocialTarget:
    """Return a target of the actor, with its personality and itself locked, in this order."""
    target = await session.get(SocialTarget, target_id)
    if target is None:
        raise TargetNotFound("this target")
    await get_owned(session, actor, target.personality_id)
    await session.refresh(target, with_for_update=True)
    if target.removed_at is not None:
        raise TargetNotFound(target.name)
    return target


async def _details(
    session: AsyncSession, targets: Sequence[SocialTarget], now: datetime
) -> Sequence[TargetDetails]:
    ids = [target.id for target in targets]
    slots = await queries.slots(session, ids)
    waiting = await queries.count_planned(session, ids)
    taken_minutes = await queries.taken_minutes(session, ids, now)
    return [
        TargetDetails(
            target=target,
            slots=slots[target.id],
            waiting=waiting.get(target.id, 0),
            free_at=next_free_slot(target, slots[target.id], taken_minutes[target.id], now),
        )
        for target in targets
    ]
