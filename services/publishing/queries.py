"""Statements about publications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    JobStatus,
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

OPEN = (JobStatus.PENDING, JobStatus.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A public personality as it is shown to who has not met it."""

    personality: Personality
    tags: Sequence[tuple[str, int]]
    avatar_url: str | None


async def locked(session: AsyncSession, personality_id: UUID) -> Personality | None:
    """Return a personality that nobody else changes until the transaction ends."""
    return await session.get(Personality, personality_id, with_for_update=True)


async def open_attempt(session: AsyncSession, personality_id: UUID) -> PublishAttempt | None:
    """Return the attempt that is under way."""
    return await session.scalar(
        select(PublishAttempt).where(
            PublishAttempt.personality_id == personality_id, PublishAttempt.status.in_(OPEN)
        )
    )


async def attempts(
    session: AsyncSession, personality_id: UUID, *, limit: int
) -> Sequence[PublishAttempt]:
    """Return the attempts to publish a personality, the last one first."""
    found = await session.scalars(
        select(PublishAttempt)
        .where(PublishAttempt.personality_id == personality_id)
        .order_by(PublishAttempt.created_at.desc(), PublishAttempt.id)
        .limit(limit)
    )
    return found.all()


async def definition(session: AsyncSession, personality_id: UUID, number: int) -> dict[str, Any]:
    """Return a version of a personality."""
    version = await session.get_one(PersonalityVersion, (personality_id, number))
    return version.definition


async def default_config(session: AsyncSession) -> LlmConfig | None:
    """Return the config that speaks where nobody has chosen one."""
    return await session.scalar(select(LlmConfig).where(LlmConfig.is_default))


async def tag_names(session: AsyncSession) -> Sequence[str]:
    """Return all words there are, in their order."""
    found = await session.scalars(select(Tag.name).order_by(Tag.sort_order, Tag.name))
    return found.all()


async def durations(session: AsyncSession, attempt: PublishAttempt) -> dict[str, float]:
    """Return how many seconds each step took, from one that was kept to the next."""
    found = await session.scalars(
        select(JobStep).where(JobStep.job_id == attempt.job_id).order_by(JobStep.created_at)
    )
    last, took = attempt.started_at, dict[str, float]()
    for step in found:
        if last is not None:
            took[step.name] = round((step.created_at - last).total_seconds(), 2)
        last = step.created_at
    return took


async def steps_done(session: AsyncSession, attempt: PublishAttempt) -> Sequence[str]:
    """Return which steps of an attempt are kept."""
    found = await session.scalars(
        select(JobStep.name).where(JobStep.job_id == attempt.job_id).order_by(JobStep.created_at)
    )
    return found.all()


async def set_tags(
    session: AsyncSession, personality_id: UUID, confidences: Mapping[str, int]
) -> None:
    """Give a personality these words and no others."""
    await session.execute(
        delete(PersonalityTag).where(PersonalityTag.personality_id == personality_id)
    )
    found = await session.execute(select(Tag.id, Tag.name).where(Tag.name.in_(confidences)))
    for row in found:
        session.add(
            PersonalityTag(
                personality_id=personality_id, tag_id=row.id, confidence=confidences[row.name]
            )
        )
    await session.flush()


async def is_slug_free(session: AsyncSession, slug: str) -> bool:
    """Whether no personality has this slug."""
    return await session.scalar(select(Personality.id).where(Personality.slug == slug)) is None


async def write_on(session: AsyncSession, attempt: PublishAttempt) -> None:
    """Show an attempt on the personality it is about, if it is the last one."""
    await session.flush()
    await session.refresh(attempt)
    times = ("created_at", "started_at", "finished_at")
    shown = {
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
        .values(last_publish_attempt=shown)
    )


def _public(*, age_restricted: bool) -> Select[Personality]:
    statement = select(Personality).where(
        Personality.visibility == Visibility.PUBLIC, Personality.deleted_at.is_(None)
    )
    # Whatever is explicit is age-restricted, by a constraint.
    return statement if age_restricted else statement.where(~Personality.age_restricted)


async def browse(
    session: AsyncSession,
    *,
    age_restricted: bool,
    tag: str | None = None,
    words: str | None = None,
    limit: int,
) -> list[Listing]:
    """Return public personalities that may be shown in such a place, the best liked first."""
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
    found = await session.scalars(
        statement.order_by(
            Personality.likes_count.desc(), Personality.published_at.desc(), Personality.id
        ).limit(limit)
    )
    return await _listings(session, found.all())


async def public(
    session: AsyncSession, personality_id: UUID, *, age_restricted: bool
) -> Listing | None:
    """Return a public personality, if it may be shown in such a place."""
    found = await session.scalars(
        _public(age_restricted=age_restricted).where(Personality.id == personality_id)
    )
    return next(iter(await _listings(session, found.all())), None)


async def named(session: AsyncSession, name: str, *, age_restricted: bool) -> Listing | None:
    """Return the public personality of a name or a slug, if it may be shown in such a place."""
    lowered = name.strip().lower()
    found = await session.scalars(
        _public(age_restricted=age_restricted).where(
            or_(func.lower(Personality.name) == lowered, Personality.slug == lowered)
        )
    )
    return next(iter(await _listings(session, found.all())), None)


async def like(session: AsyncSession, personality_id: UUID, user_id: UUID) -> None:
    """Let a user like a personality, or no longer.

    The caller has locked the personality, or likes of one moment would not be counted.
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


async def _listings(session: AsyncSession, found: Sequence[Personality]) -> list[Listing]:
    ids = [each.id for each in found]
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
    shown = {row.id: row.avatar_url for row in avatars}
    return [
        Listing(personality=each, tags=tags.get(each.id, ()), avatar_url=shown.get(each.id))
        for each in found
    ]
