"""Where a personality posts, and at which times of the week."""

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
from services.social.captions import CAPTIONS, DISCORD
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
from services.social.service import free_at
from services.social.times import Slot, zone_of
from services.social.types import BufferChannel, TargetChannel, TargetDetails
from services.types import Actor

_NAME = 80


class TargetService:
    """Targets of personalities.

    A channel of Discord's is opened by one of its moderators who owns the personality as well, one
    of Buffer's by whoever runs the bot: the key is theirs.
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
        self, actor: Actor, personality_id: UUID, place: TargetChannel
    ) -> SocialTarget:
        """Let a personality post photos on a channel of Discord's.

        Raises:
            ModeratorsOnly: It is not the actor's to open.
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or gone.
            TargetTaken: It does already.
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
                remote_id=str(place.channel_id),
                guild_id=place.guild_id,
                name=f"#{place.name}"[:_NAME],
                service=DISCORD,
                time_zone=user.time_zone or "UTC",
                is_public=place.is_public,
            )

    async def add_buffer_channel(
        self, actor: Actor, personality_id: UUID, name: str
    ) -> SocialTarget:
        """Let a personality post photos on a channel of Buffer's, by its name or id.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
            ChannelClosed, NetworkUnsupported, NoSuchBufferChannel: It takes no photos.
            PublisherBusy, PublisherMissing: Buffer does not answer, or there is no key for it.
            TargetTaken: It does already.
            ZoneUnknown: It is in a time zone that is not known here.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        wanted = name.strip().lower()
        found = [
            each
            for each in await self.channels(actor)
            if wanted in (each.id.lower(), each.name.lower(), label_of(each).lower())
        ]
        if len(found) != 1:
            raise NoSuchBufferChannel(name)
        (channel,) = found
        if channel.service not in CAPTIONS:
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
                name=channel.name[:_NAME],
                service=channel.service,
                time_zone=zone_of(channel.time_zone).key,
                is_public=True,
            )

    async def channels(self, actor: Actor) -> Sequence[BufferChannel]:
        """Return Buffer's channels.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
            PublisherBusy, PublisherMissing: Buffer does not answer, or there is no key for it.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        if self._channels is None:
            raise PublisherMissing(TargetKind.BUFFER)
        return await self._background.call(self._channels.listed)

    async def listed(self, actor: Actor, personality_id: UUID) -> Sequence[TargetDetails]:
        """Return where a personality posts.

        Raises:
            OwnersOnly, PersonalityNotFound: It is not the actor's, or gone.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)
            targets = await queries.targets(session, personality_id)
            return await _details(session, targets, self._clock.now())

    async def find(
        self, actor: Actor, name: str, *, personality_id: UUID | None = None
    ) -> SocialTarget:
        """Return the actor's target of this name or id, of one personality or of all.

        Raises:
            SeveralTargets, TargetNotFound: There is more than one, or none.
        """
        async with self._sessions() as session:
            found = await queries.targets_called(session, actor, name, personality_id)
        if not found:
            raise TargetNotFound(name)
        if len(found) > 1:
            raise SeveralTargets(name)
        return found[0]

    async def suggested(self, actor: Actor, typed: str) -> Sequence[tuple[SocialTarget, str]]:
        """Return targets of the actor's with whose they are, for suggestions."""
        async with self._sessions() as session:
            return await queries.targets_like(session, actor, typed)

    async def details(self, actor: Actor, target_id: UUID) -> TargetDetails:
        """Return a target with the times of its week.

        Raises:
            OwnersOnly, TargetNotFound: It is not the actor's, or gone.
        """
        async with self._sessions() as session:
            target = await _owned(session, actor, target_id)
            return (await _details(session, [target], self._clock.now()))[0]

    async def set_slots(
        self,
        actor: Actor,
        target_id: UUID,
        slots: Collection[Slot],
        *,
        time_zone: str | None = None,
    ) -> TargetDetails:
        """Set the times of a target's week; posts that are planned stay where they are.

        Raises:
            OwnersOnly, TargetNotFound: It is not the actor's, or gone.
            ZoneUnknown: There is no such time zone.
        """
        async with self._sessions.begin() as session:
            target = await _owned(session, actor, target_id)
            target.time_zone = zone_of(time_zone or target.time_zone).key
            await queries.set_slots(session, target_id, slots)
            await session.flush()
            return (await _details(session, [target], self._clock.now()))[0]

    async def pause(self, actor: Actor, target_id: UUID, *, paused: bool) -> TargetDetails:
        """Let a target take nothing, or go on; what lies in Buffer's queue is taken out of it.

        Raises:
            OwnersOnly, TargetNotFound: It is not the actor's, or gone.
        """
        async with self._sessions.begin() as session:
            target = await _owned(session, actor, target_id)
            if paused != (target.paused_at is not None):
                target.paused_at = self._clock.now() if paused else None
                await self._ring(session, target)
            return (await _details(session, [target], self._clock.now()))[0]

    async def remove(self, actor: Actor, target_id: UUID) -> None:
        """Remove a target with what is planned for it.

        Raises:
            OwnersOnly, TargetNotFound: It is not the actor's, or gone.
        """
        async with self._sessions.begin() as session:
            target = await _owned(session, actor, target_id)
            target.removed_at = self._clock.now()
            await self._ring(session, target)

    async def close_channel(self, actor: Actor, channel_id: int) -> int:
        """Let nothing be posted on a channel of Discord's any more; return who does not: how many.

        Raises:
            ModeratorsOnly: The actor does not moderate it.
        """
        if not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            found = await queries.targets_on(session, channel_id)
            for target in found:
                target.removed_at = self._clock.now()
                await self._ring(session, target)
            return len(found)

    async def _ring(self, session: AsyncSession, target: SocialTarget) -> None:
        """Let whatever is planned for a target be seen to."""
        await session.flush()
        for post in await queries.planned(session, target.id):
            if post.status == PostStatus.UNCONFIRMED:
                # Nobody knows whether it went out; what lies in the queue is taken out of it.
                if target.removed_at is None or post.buffer_post_id is None:
                    continue
                post.status, post.error = PostStatus.SCHEDULED, None
            # At once where the target is gone, so that the post goes with it.
            at = self._clock.now() if target.removed_at is not None else None
            await enqueue_delivery(session, post, target, self._clock, at=at)


def label_of(channel: BufferChannel) -> str:
    """Return how a channel of Buffer's is told from others."""
    return f"{channel.name} · {channel.service}"


async def _add(session: AsyncSession, **columns: object) -> SocialTarget:
    target = await queries.add_target(session, **columns)
    if target is None:
        raise TargetTaken(str(columns["name"]))
    return target


async def _owned(session: AsyncSession, actor: Actor, target_id: UUID) -> SocialTarget:
    """Return a target of the actor's; its personality and it are locked, in this order."""
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
    waiting = await queries.waiting(session, ids)
    taken = await queries.taken(session, ids, now)
    return [
        TargetDetails(
            target=target,
            slots=slots[target.id],
            waiting=waiting.get(target.id, 0),
            free_at=free_at(target, slots[target.id], taken[target.id], now),
        )
        for target in targets
    ]
