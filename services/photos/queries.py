"""Statements about photos."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, String, cast, delete, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, Photo, PostStatus, SocialPost, SocialTarget, User
from services.personalities import owned_by
from services.photos.types import Library, LibraryPhoto, SimilarPhoto
from services.types import Actor

_LEAST_ID = 4


async def hold(session: AsyncSession, personality_id: UUID) -> bool:
    """Let one transaction at a time add to a library: likeness cannot be a constraint.

    False when its personality is gone; while it is held, it stays.
    """
    key = f"photos:{personality_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    found = await session.scalar(
        select(Personality.id)
        .where(Personality.id == personality_id, Personality.deleted_at.is_(None))
        .with_for_update(read=True)
    )
    return found is not None


async def known(session: AsyncSession, personality_id: UUID) -> set[str]:
    """Return the hashes of all files that are in a library."""
    rows = await session.scalars(select(Photo.sha256).where(Photo.personality_id == personality_id))
    return set(rows)


async def twin(
    session: AsyncSession, personality_id: UUID, sha256: str, likeness: str | None, *, within: int
) -> Photo | None:
    """Return the photo that was made of a file, else the one that looks most like it.

    At most `within` bits of their likeness may differ; without one, nothing is like it.
    """
    is_same = Photo.sha256 == sha256
    if likeness is None:
        return await session.scalar(_of(personality_id).where(is_same))
    differing = Photo.perceptual_hash.hamming_distance(likeness)
    return await session.scalar(
        _of(personality_id)
        .where(or_(is_same, differing <= within))
        .order_by(is_same.desc(), differing)
        .limit(1)
    )


async def user_id(session: AsyncSession, discord_id: int) -> UUID | None:
    """Return the id of a user, if they are one."""
    return await session.scalar(select(User.id).where(User.discord_id == discord_id))


async def libraries(session: AsyncSession, actor: Actor) -> Sequence[Library]:
    """Return the actor's personalities with how many photos each has."""
    statement = (
        select(Personality, func.count(Photo.id), func.count(Photo.id) - func.count(SocialPost.id))
        .outerjoin(Photo, Photo.personality_id == Personality.id)
        .outerjoin(SocialPost, SocialPost.photo_id == Photo.id)
        .where(Personality.deleted_at.is_(None))
        .group_by(Personality.id)
        .order_by(func.lower(Personality.name))
    )
    if not actor.is_bot_owner:
        statement = statement.where(owned_by(actor.discord_id))
    return [
        Library(personality=personality, photos=photos, unscheduled=unscheduled)
        for personality, photos, unscheduled in await session.execute(statement)
    ]


async def library(
    session: AsyncSession, personality_id: UUID, *, unscheduled: bool = False
) -> Sequence[LibraryPhoto]:
    """Return a library, the newest photo first; of all of it, or of what has no post."""
    statement = (
        select(Photo, SocialPost, SocialTarget)
        .outerjoin(SocialPost, SocialPost.photo_id == Photo.id)
        .outerjoin(SocialTarget, SocialTarget.id == SocialPost.target_id)
        .where(Photo.personality_id == personality_id)
        .order_by(Photo.created_at.desc(), Photo.file_name, Photo.id)
    )
    if unscheduled:
        statement = statement.where(SocialPost.id.is_(None))
    rows = await session.execute(statement.execution_options(populate_existing=True))
    return [LibraryPhoto(photo=photo, post=post, target=target) for photo, post, target in rows]


async def one(session: AsyncSession, photo_id: UUID) -> LibraryPhoto | None:
    """Return a photo with its post."""
    row = (
        await session.execute(
            select(Photo, SocialPost, SocialTarget)
            .outerjoin(SocialPost, SocialPost.photo_id == Photo.id)
            .outerjoin(SocialTarget, SocialTarget.id == SocialPost.target_id)
            .where(Photo.id == photo_id)
        )
    ).first()
    return LibraryPhoto(photo=row[0], post=row[1], target=row[2]) if row else None


async def called(session: AsyncSession, actor: Actor, name: str) -> Sequence[Photo]:
    """Return the actor's photos that go by a name: the file's, or the beginning of their id."""
    file_name = func.lower(Photo.file_name)
    conditions = [
        file_name == name.lower(),
        file_name.endswith(f"/{name.lower()}", autoescape=True),
        func.regexp_replace(file_name, r"\.[^./]+$", "") == name.lower(),
    ]
    if len(name) >= _LEAST_ID:
        conditions.append(cast(Photo.id, String).startswith(name.lower(), autoescape=True))
    found = await session.scalars(_of_actor(actor).where(or_(*conditions)).limit(2))
    return found.all()


async def suggested(
    session: AsyncSession, actor: Actor, typed: str, *, unscheduled: bool, limit: int = 25
) -> Sequence[Photo]:
    """Return the actor's photos whose file name or id holds what is typed, the newest first."""
    statement = _of_actor(actor).where(
        or_(
            Photo.file_name.icontains(typed, autoescape=True),
            cast(Photo.id, String).startswith(typed.lower(), autoescape=True),
        )
    )
    if unscheduled:
        statement = statement.where(~exists().where(SocialPost.photo_id == Photo.id))
    return (await session.scalars(statement.order_by(Photo.created_at.desc()).limit(limit))).all()


async def similar(
    session: AsyncSession,
    personality_id: UUID,
    vector: Sequence[float],
    *,
    model: str,
    besides: UUID | None,
    limit: int,
) -> Sequence[SimilarPhoto]:
    """Return the photos nearest to a vector of the same model."""
    # Filters come after the index, which goes on until there are enough.
    await session.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
    distance = Photo.embedding.cosine_distance(list(vector))
    rows = await session.execute(
        select(Photo, distance)
        .where(
            Photo.personality_id == personality_id,
            Photo.embedding_model == model,
            Photo.embedding.is_not(None),
            Photo.id != besides if besides else text("true"),
        )
        .order_by(distance)
        .limit(limit)
    )
    return [SimilarPhoto(photo=photo, similarity=1 - away) for photo, away in rows]


async def search(session: AsyncSession, personality_id: UUID, words: str) -> Sequence[Photo]:
    """Return the photos of which any of some words is said: by name, alt text or caption."""
    said = func.concat_ws(
        " ",
        func.regexp_replace(Photo.file_name, r"[^[:alnum:]]+", " ", "g"),
        Photo.alt_text,
        SocialPost.caption,
    )
    document = func.to_tsvector("simple", said)
    query = func.websearch_to_tsquery("simple", " or ".join(words.split()))
    found = await session.scalars(
        _of(personality_id)
        .outerjoin(SocialPost, SocialPost.photo_id == Photo.id)
        .where(document.op("@@")(query))
        .order_by(func.ts_rank(document, query).desc(), Photo.created_at.desc())
        .limit(25)
    )
    return found.all()


async def unembedded(
    session: AsyncSession, personality_id: UUID | None, model: str, limit: int
) -> Sequence[Photo]:
    """Return photos that have no vector of a model."""
    statement = select(Photo).where(Photo.embedding_model.is_distinct_from(model))
    if personality_id is not None:
        statement = statement.where(Photo.personality_id == personality_id)
    return (await session.scalars(statement.order_by(Photo.created_at).limit(limit))).all()


async def set_embedding(
    session: AsyncSession, photo_id: UUID, vector: Sequence[float] | None, model: str
) -> None:
    """Keep what a model saw; without a vector, that it saw nothing."""
    await session.execute(
        update(Photo)
        .where(Photo.id == photo_id)
        .values(embedding=list(vector) if vector else None, embedding_model=model)
    )


async def remove(session: AsyncSession, photo_id: UUID) -> bool:
    """Delete a photo and its post; False when that is on its way, or may be out there."""
    post = await session.scalar(
        select(SocialPost).where(SocialPost.photo_id == photo_id).with_for_update()
    )
    if post is not None and (
        post.status in (PostStatus.SENDING, PostStatus.UNCONFIRMED)
        or (post.buffer_post_id is not None and post.status == PostStatus.SCHEDULED)
    ):
        return False
    await session.execute(delete(Photo).where(Photo.id == photo_id))
    return True


def _of(personality_id: UUID) -> Select[Photo]:
    return select(Photo).where(Photo.personality_id == personality_id)


def _of_actor(actor: Actor) -> Select[Photo]:
    statement = select(Photo).join(Personality).where(Personality.deleted_at.is_(None))
    return statement if actor.is_bot_owner else statement.where(owned_by(actor.discord_id))
