"""Queries on publishing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    AttemptStatus,
    JobStep,
    LlmConfig,
    Personality,
    PersonalityLike,
    PersonalityTag,
    PersonalityVersion,
    PublishAttempt,
    Tag,
    Visibility,
)

_UNFINISHED = (AttemptStatus.PENDING, AttemptStatus.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A public personality as shown in the catalogue."""

    personality: Personality
    tags: Sequence[tuple[str, int]]
    avatar_url: str | None


async def lock_personality(session: AsyncSession, personality_id: UUID) -> Personality | None:
    """Return a personality, locked until the transaction ends."""
    return await session.get(Personality, personality_id, with_for_update=True)


async def unfinished_attempt(session: AsyncSession, personality_id: UUID) -> PublishAttempt | None:
    """Return the unfinished attempt, if there is one."""
    return await session.scalar(
        select(PublishAttempt).where(
            PublishAttempt.personality_id == personality_id, PublishAttempt.status.in_(_UNFINISHED)
        )
    )


async def attempt_in_review(session: AsyncSession, personality_id: UUID) -> PublishAttempt | None:
    """Return the attempt that waits for the maker's consent, if there is one."""
    return await session.scalar(
        select(PublishAttempt).where(
            PublishAttempt.personality_id == personality_id,
            PublishAttempt.status == AttemptStatus.REVIEW,
        )
    )


async def attempts(
    session: AsyncSession, personality_id: UUID, *, limit: int
) -> Sequence[PublishAttempt]:
    """Return the attempts to publish a personality, newest first."""
    result = await session.scalars(
        select(PublishAttempt)
        .where(PublishAttempt.personality_id == personality_id)
        .order_by(PublishAttempt.created_at.desc(), PublishAttempt.id)
        .limit(limit)
    )
    return result.all()


async def definition(session: AsyncSession, personality_id: UUID, number: int) -> dict[str, Any]:
    """Return the definition of a version of a personality."""
    version = await session.get_one(PersonalityVersion, (personality_id, number))
    return version.definition


async def default_config(session: AsyncSession) -> LlmConfig | None:
    """Return the global default config."""
    return await session.scalar(select(LlmConfig).where(LlmConfig.is_default))


async def tag_names(session: AsyncSession) -> Sequence[str]:
    """Return the names of all tags, in order."""
    result = await session.scalars(select(Tag.name).order_by(Tag.sort_order, Tag.name))
    return result.all()


async def used_tags(session: AsyncSession, *, limit: int) -> Sequence[str]:
    """Return the tags of public personalities, the most frequent first."""
    result = await session.scalars(
        select(Tag.name)
        .join(PersonalityTag, PersonalityTag.tag_id == Tag.id)
        .join(Personality, Personality.id == PersonalityTag.personality_id)
        .where(Personality.visibility == Visibility.PUBLIC, Personality.deleted_at.is_(None))
        .group_by(Tag.id)
        .order_by(func.count().desc(), Tag.sort_order, Tag.name)
        .limit(limit)
    )
    return result.all()


async def durations(session: AsyncSession, attempt: PublishAttempt) -> dict[str, float]:
    """Return the seconds that each step took, from one stored step to the next."""
    steps = await session.scalars(
        select(JobStep).where(JobStep.job_id == attempt.job_id).order_by(JobStep.created_at)
    )
    last, durations = attempt.started_at, dict[str, float]()
    for step in steps:
        if last is not None:
            durations[step.name] = round((step.created_at - last).total_seconds(), 2)
        last = step.created_at
    return durations


async def finished_steps(session: AsyncSession, attempt: PublishAttempt) -> Sequence[str]:
    """Return the names of the stored steps of an attempt."""
    result = await session.scalars(
        select(JobStep.name).where(JobStep.job_id == attempt.job_id).order_by(JobStep.created_at)
    )
    return result.all()


async def set_tags(
    session: AsyncSession, personality_id: UUID, confidences: Mapping[str, int]
) -> None:
    """Replace the tags of a personality."""
    await session.execute(
        delete(PersonalityTag).where(PersonalityTag.personality_id == personality_id)
    )
    rows = await session.execute(select(Tag.id, Tag.name).where(Tag.name.in_(confidences)))
    for row in rows:
        session.add(
            PersonalityTag(
                personality_id=personality_id, tag_id=row.id, confidence=confidences[row.name]
            )
        )
    await session.flush()


async def is_slug_free(session: AsyncSession, slug: str) -> bool:
    """Whether no personality has this slug."""
    return await session.scalar(select(Personality.id).where(Personality.slug == slug)) is None


async def update_last_attempt(session: AsyncSession, attempt: PublishAttempt) -> None:
    """Copy a summary of an attempt to its personality, if it is the newest one."""
    await session.flush()
    await session.refresh(attempt)
    times = ("created_at", "started_at", "finished_at")
    summary = {
        "id": str(attempt.id),
        "run_id": str(attempt.job_id),
        "status": attempt.status,
        "version": attempt.version,
        "error": attempt.error,
        "durations": attempt.durations,
        **{name: time.isoformat() if (time := getattr(attempt, name)) else None for name in times},
    }
    newer = exists(
        select(PublishAttempt.id).where(
            PublishAttempt.personality_id == attempt.personality_id,
            PublishAttempt.created_at > attempt.created_at,
        )
    )
    await session.execute(
        update(Personality)
        .where(Personality.id == attempt.personality_id, ~newer)
        .values(last_publish_attempt=summary)
    )


def _public(*, age_restricted: bool) -> Select[Personality]:
    statement = select(Personality).where(
        Personality.visibility == Visibility.PUBLIC, Personality.deleted_at.is_(None)
    )
    # Explicit personalities are always age-restricted, by a constraint.
    return statement if age_restricted else statement.where(~Personality.age_restricted)


async def browse(
    session: AsyncSession,
    *,
    age_restricted: bool,
    tag: str | None = None,
    words: str | None = None,
    limit: int,
) -> list[Listing]:
    """Return public personalities that may be shown in such a channel, most liked first."""
    statement = _public(age_restricted=age_restricted)
    if tag is not None:
        statement = statement.where(_has_tag(Tag.name == tag.lower()))
    for word in (words or "").split():
        statement = statement.where(
            or_(
                Personality.public_name.icontains(word, autoescape=True),
                Personality.headline.icontains(word, autoescape=True),
                _has_tag(Tag.name.icontains(word.lower(), autoescape=True)),
            )
        )
    result = await session.scalars(
        statement.order_by(
            Personality.likes_count.desc(), Personality.published_at.desc(), Personality.id
        ).limit(limit)
    )
    return await _to_listings(session, result.all())


async def find_by_id(
    session: AsyncSession, personality_id: UUID, *, age_restricted: bool
) -> Listing | None:
    """Return a public personality, if it may be shown in such a channel."""
    result = await session.scalars(
        _public(age_restricted=age_restricted).where(Personality.id == personality_id)
    )
    return next(iter(await _to_listings(session, result.all())), None)


async def find_by_name(session: AsyncSession, name: str, *, age_restricted: bool) -> Listing | None:
    """Return the public personality of a name or slug, if it may be shown in such a channel."""
    lowered = name.strip().lower()
    result = await session.scalars(
        _public(age_restricted=age_restricted).where(
            or_(func.lower(Personality.name) == lowered, Personality.slug == lowered)
        )
    )
    return next(iter(await _to_listings(session, result.all())), None)


async def toggle_like(session: AsyncSession, personality_id: UUID, user_id: UUID) -> None:
    """Add or remove a user's like of a personality, and update the count.

    The caller must have locked the personality, or concurrent likes would not be counted.
    """
    added = await session.scalar(
        insert(PersonalityLike)
        .values(personality_id=personality_id, user_id=user_id)
        .on_conflict_do_nothing()
        .returning(PersonalityLike.user_id)
    )
    if added is None:
        await session.execute(
            delete(PersonalityLike).where(
                PersonalityLike.personality_id == personality_id,
                PersonalityLike.user_id == user_id,
            )
        )
    await session.execute(
        update(Personality)
        .where(Personality.id == personality_id)
        .values(
            likes_count=select(func.count())
            .select_from(PersonalityLike)
            .where(PersonalityLike.personality_id == personality_id)
            .scalar_subquery()
        )
    )


def _has_tag(condition: Any) -> Any:
    return exists(
        select(text("1"))
        .select_from(PersonalityTag)
        .join(Tag, Tag.id == PersonalityTag.tag_id)
        .where(PersonalityTag.personality_id == Personality.id, condition)
    )


async def _to_listings(
    session: AsyncSession, personalities: Sequence[Personality]
) -> list[Listing]:
    ids = [each.id for each in personalities]
    rows = await session.execute(
        select(PersonalityTag.personality_id, Tag.name, PersonalityTag.confidence)
        .join(Tag, Tag.id == PersonalityTag.tag_id)
        .where(PersonalityTag.personality_id.in_(ids))
        .order_by(PersonalityTag.confidence.desc(), Tag.sort_order)
    )
    tags: dict[UUID, list[tuple[str, int]]] = {}
    for personality_id, name, confidence in rows:
        tags.setdefault(personality_id, []).append((name, confidence))
    avatars = await session.execute(
        select(
            Personality.id, PersonalityVersion.definition["avatar_url"].astext.label("avatar_url")
        )
        .join(
            PersonalityVersion,
            and_(
                PersonalityVersion.personality_id == Personality.id,
                PersonalityVersion.number == Personality.public_version,
            ),
        )
        .where(Personality.id.in_(ids))
    )
    avatar_urls = {row.id: row.avatar_url for row in avatars}
    return [
        Listing(personality=each, tags=tags.get(each.id, ()), avatar_url=avatar_urls.get(each.id))
        for each in personalities
    ]
