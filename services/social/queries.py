"""Queries for posts, targets and slots."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, cast, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ActionType,
    EngineAct,
    Personality,
    PersonalityOwner,
    Photo,
    PostStatus,
    SocialPost,
    SocialSlot,
    SocialTarget,
    User,
)
from db.session import id_begins
from services.personalities import owned_by
from services.social.times import Slot
from services.social.types import PostDetails
from services.types import Actor


async def targets(session: AsyncSession, personality_id: UUID) -> Sequence[SocialTarget]:
    """Return the targets of a personality, oldest first."""
    rows = await session.scalars(
        select(SocialTarget)
        .where(SocialTarget.personality_id == personality_id, SocialTarget.removed_at.is_(None))
        .order_by(SocialTarget.created_at)
    )
    return rows.all()


async def search_targets(
    session: AsyncSession, actor: Actor, typed: str, limit: int = 25
) -> Sequence[tuple[SocialTarget, str]]:
    """Return the actor's targets that match typed text, with the name of their personality."""
    rows = await session.execute(
        _select_named_targets(actor)
        .where(
            or_(
                SocialTarget.name.icontains(typed, autoescape=True),
                SocialTarget.service.icontains(typed, autoescape=True),
                Personality.name.icontains(typed, autoescape=True),
                cast(SocialTarget.id, String) == typed.lower(),
            )
        )
        .order_by(Personality.name, SocialTarget.created_at)
        .limit(limit)
    )
    return [(target, name) for target, name in rows]


async def targets_by_name(
    session: AsyncSession, actor: Actor, name: str, personality_id: UUID | None
) -> Sequence[SocialTarget]:
    """Return the actor's targets by name or beginning of the id, of one personality or of all."""
    wanted = name.strip().lstrip("#").lower()
    statement = _select_named_targets(actor).where(
        or_(
            func.lower(SocialTarget.name) == wanted,
            func.ltrim(func.lower(SocialTarget.name), "#") == wanted,
            func.lower(func.concat(SocialTarget.service, " · ", SocialTarget.name)) == wanted,
            id_begins(SocialTarget.id, wanted),
        )
    )
    if personality_id is not None:
        statement = statement.where(SocialTarget.personality_id == personality_id)
    rows = await session.execute(statement)
    return [target for target, _ in rows]


def _select_named_targets(actor: Actor) -> Select[SocialTarget, str]:
    statement = (
        select(SocialTarget, Personality.name)
        .join(Personality, Personality.id == SocialTarget.personality_id)
        .where(SocialTarget.removed_at.is_(None), Personality.deleted_at.is_(None))
    )
    return statement if actor.is_bot_owner else statement.where(owned_by(actor.discord_id))


async def targets_on_channel(session: AsyncSession, channel_id: int) -> Sequence[SocialTarget]:
    """Return the targets on a Discord channel, locked."""
    rows = await session.scalars(
        select(SocialTarget)
        .where(
            SocialTarget.guild_id.is_not(None),
            SocialTarget.remote_id == str(channel_id),
            SocialTarget.removed_at.is_(None),
        )
        .order_by(SocialTarget.id)
        .with_for_update()
    )
    return rows.all()


async def add_target(session: AsyncSession, **columns: Any) -> SocialTarget | None:
    """Insert a target; return None if the personality already has it."""
    return await session.scalar(
        insert(SocialTarget).values(**columns).on_conflict_do_nothing().returning(SocialTarget)
    )


async def slots(
    session: AsyncSession, target_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Slot]]:
    """Return the weekly slots of each target, in order."""
    rows = await session.scalars(select(SocialSlot).where(SocialSlot.target_id.in_(target_ids)))
    weeks: dict[UUID, list[Slot]] = {target_id: [] for target_id in target_ids}
    for row in rows:
        weeks[row.target_id].append(Slot(row.weekday, row.minute))
    return {target_id: sorted(week) for target_id, week in weeks.items()}


async def set_slots(session: AsyncSession, target_id: UUID, wanted: Collection[Slot]) -> None:
    """Replace the weekly slots of a target."""
    await session.execute(delete(SocialSlot).where(SocialSlot.target_id == target_id))
    session.add_all(
        SocialSlot(target_id=target_id, weekday=each.weekday, minute=each.minute) for each in wanted
    )


# Statuses in which a post occupies its minute at its target.
PLANNED = (PostStatus.SCHEDULED, PostStatus.SENDING, PostStatus.UNCONFIRMED)


async def taken_minutes(
    session: AsyncSession, target_ids: Collection[UUID], after: datetime
) -> Mapping[UUID, set[datetime]]:
    """Return the minutes after a time that planned posts occupy, by target."""
    rows = await session.execute(
        select(SocialPost.target_id, SocialPost.scheduled_at).where(
            SocialPost.target_id.in_(target_ids),
            SocialPost.status.in_(PLANNED),
            SocialPost.scheduled_at > after,
        )
    )
    minutes: dict[UUID, set[datetime]] = {target_id: set() for target_id in target_ids}
    for target_id, at in rows:
        if target_id is not None and at is not None:
            minutes[target_id].add(at)
    return minutes


async def is_taken(session: AsyncSession, target_id: UUID, at: datetime, *, besides: UUID) -> bool:
    """Whether another post occupies a minute at a target."""
    other_id = await session.scalar(
        select(SocialPost.id).where(
            SocialPost.target_id == target_id,
            SocialPost.status.in_(PLANNED),
            SocialPost.scheduled_at == at,
            SocialPost.id != besides,
        )
    )
    return other_id is not None


async def count_planned(session: AsyncSession, target_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return the number of planned posts by target."""
    rows = await session.execute(
        select(SocialPost.target_id, func.count())
        .where(SocialPost.target_id.in_(target_ids), SocialPost.status.in_(PLANNED))
        .group_by(SocialPost.target_id)
    )
    return Counter({target_id: count for target_id, count in rows if target_id})


async def planned_posts(session: AsyncSession, target_id: UUID) -> Sequence[SocialPost]:
    """Return the planned posts of a target, locked."""
    rows = await session.scalars(
        select(SocialPost)
        .where(SocialPost.target_id == target_id, SocialPost.status.in_(PLANNED))
        .order_by(SocialPost.id)
        .with_for_update()
    )
    return rows.all()


async def details(
    session: AsyncSession, post_id: UUID, *, lock: bool = False
) -> PostDetails | None:
    """Return a post with its photo and target, if `lock` with its row locked."""
    if lock:
        await session.execute(
            select(SocialPost.id).where(SocialPost.id == post_id).with_for_update()
        )
    row = (
        await session.execute(
            _select_details()
            .where(SocialPost.id == post_id)
            .execution_options(populate_existing=True)
        )
    ).first()
    return PostDetails(post=row[0], photo=row[1], target=row[2]) if row else None


async def post_of_photo(session: AsyncSession, photo_id: UUID) -> PostDetails | None:
    """Return the post of a photo."""
    row = (await session.execute(_select_details().where(SocialPost.photo_id == photo_id))).first()
    return PostDetails(post=row[0], photo=row[1], target=row[2]) if row else None


async def posts_by_name(session: AsyncSession, actor: Actor, name: str) -> Sequence[PostDetails]:
    """Return up to two posts of the actor by a prefix of their id, or by their photo."""
    wanted = name.strip().lower()
    file_name = func.lower(Photo.file_name)
    conditions = [file_name == wanted, func.regexp_replace(file_name, r"\.[^./]+$", "") == wanted]
    conditions += [id_begins(SocialPost.id, wanted), id_begins(Photo.id, wanted)]
    return await _fetch(session, _select_owned(actor).where(or_(*conditions)).limit(2))


async def list_posts(
    session: AsyncSession,
    actor: Actor,
    *,
    personality_id: UUID | None = None,
    statuses: Collection[PostStatus] = (),
    begins: datetime | None = None,
    ends: datetime | None = None,
    typed: str = "",
    limit: int = 500,
) -> Sequence[PostDetails]:
    """Return the actor's posts ordered by time: unposted ones first, posted ones last."""
    statement = _select_owned(actor)
    at = func.coalesce(SocialPost.posted_at, SocialPost.scheduled_at)
    if personality_id is not None:
        statement = statement.where(SocialPost.personality_id == personality_id)
    if statuses:
        statement = statement.where(SocialPost.status.in_(statuses))
    if begins is not None and ends is not None:
        statement = statement.where(at >= begins, at < ends)
    if typed:
        statement = statement.where(
            or_(
                Photo.file_name.icontains(typed, autoescape=True),
                cast(SocialPost.id, String).startswith(typed.lower(), autoescape=True),
            )
        )
    # Posted ones last, so that the limit cuts them off first.
    is_over = SocialPost.status == PostStatus.POSTED
    ordered = statement.order_by(is_over, at.asc().nulls_last(), SocialPost.created_at)
    return await _fetch(session, ordered.limit(limit))


async def next_scheduled_at(
    session: AsyncSession, target: SocialTarget, now: datetime
) -> datetime | None:
    """Return when the next of our posts in the Buffer queue of a target's channel is due."""
    return await session.scalar(
        select(func.min(SocialPost.scheduled_at))
        .join(SocialTarget, SocialTarget.id == SocialPost.target_id)
        .where(
            SocialTarget.kind == target.kind,
            SocialTarget.remote_id == target.remote_id,
            SocialPost.buffer_post_id.is_not(None),
            SocialPost.status == PostStatus.SCHEDULED,
            SocialPost.scheduled_at > now,
        )
    )


async def reschedule(session: AsyncSession, post: SocialPost) -> None:
    """Restore the status of a post whose job is retried, if its minute is still free."""
    at, target_id = post.scheduled_at, post.target_id
    if post.status == PostStatus.FAILED and at is not None and target_id is not None:
        if not await is_taken(session, target_id, at, besides=post.id):
            post.status, post.error = PostStatus.SCHEDULED, None
    elif post.status == PostStatus.UNCONFIRMED:
        is_there = post.buffer_post_id is not None
        post.status = PostStatus.SCHEDULED if is_there else PostStatus.SENDING
        post.error = None


async def remote_ids(
    session: AsyncSession, target: SocialTarget, *, besides: UUID
) -> frozenset[str]:
    """Return the Buffer ids of other posts on the channel of a target."""
    ids = await session.scalars(
        select(SocialPost.buffer_post_id)
        .join(SocialTarget, SocialTarget.id == SocialPost.target_id)
        .where(
            SocialTarget.kind == target.kind,
            SocialTarget.remote_id == target.remote_id,
            SocialPost.buffer_post_id.is_not(None),
            SocialPost.id != besides,
        )
        .order_by(SocialPost.created_at.desc())
        .limit(1000)
    )
    return frozenset(each for each in ids if each)


async def record_act(session: AsyncSession, post: SocialPost, at: datetime) -> None:
    """Record once that a personality has shared a photo."""
    await session.execute(
        insert(EngineAct)
        .values(
            personality_id=post.personality_id,
            social_post_id=post.id,
            action_type=ActionType.SHARED,
            created_at=at,
        )
        .on_conflict_do_nothing()
    )


async def notice_recipients(session: AsyncSession, post: SocialPost) -> Sequence[int]:
    """Return the Discord id of the post's author, or of all owners if the author is none.

    Former owners of the personality are not notified.
    """
    owners = (
        select(User.discord_id)
        .join(PersonalityOwner, PersonalityOwner.user_id == User.id)
        .where(PersonalityOwner.personality_id == post.personality_id)
    )
    planner = (await session.scalars(owners.where(User.id == post.created_by))).all()
    return planner or (await session.scalars(owners)).all()


async def _fetch(session: AsyncSession, statement: Select[Any, Any, Any]) -> Sequence[PostDetails]:
    rows = await session.execute(statement)
    return [PostDetails(post=post, photo=photo, target=target) for post, photo, target in rows]


def _select_details() -> Select[SocialPost, Photo, SocialTarget]:
    return (
        select(SocialPost, Photo, SocialTarget)
        .join(Photo, Photo.id == SocialPost.photo_id)
        .outerjoin(SocialTarget, SocialTarget.id == SocialPost.target_id)
    )


def _select_owned(actor: Actor) -> Select[SocialPost, Photo, SocialTarget]:
    statement = (
        _select_details()
        .join(Personality, Personality.id == SocialPost.personality_id)
        .where(Personality.deleted_at.is_(None))
    )
    return statement if actor.is_bot_owner else statement.where(owned_by(actor.discord_id))
