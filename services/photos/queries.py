"""Queries of photos."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import (
    Select,
    String,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, Photo, PostStatus, SocialPost, SocialTarget, User
from db.session import id_begins, search_vectors
from services.personalities import owned_by
from services.photos.types import Library, LibraryPhoto, SimilarPhoto
from services.types import Actor


async def lock_library(session: AsyncSession, personality_id: UUID) -> bool:
    """Lock a library against concurrent imports: near-duplicates cannot be a constraint.

    Return False if its personality was deleted; the lock also keeps it from being deleted.
    """
    key = f"photos:{personality_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    existing_id = await session.scalar(
        select(Personality.id)
        .where(Personality.id == personality_id, Personality.deleted_at.is_(None))
        .with_for_update(read=True)
    )
    return existing_id is not None


async def file_hashes(session: AsyncSession, personality_id: UUID) -> set[str]:
    """Return the SHA-256 hashes of all files in a library."""
    rows = await session.scalars(select(Photo.sha256).where(Photo.personality_id == personality_id))
    return set(rows)


async def find_duplicate(
    session: AsyncSession,
    personality_id: UUID,
    sha256: str,
    perceptual_hash: str | None,
    *,
    max_distance: int,
) -> Photo | None:
    """Return the photo of an identical file, or else the most similar near-duplicate.

    The perceptual hashes of near-duplicates differ in at most `max_distance` bits; None has no
    near-duplicates.
    """
    is_identical = Photo.sha256 == sha256
    if perceptual_hash is None:
        return await session.scalar(_of_personality(personality_id).where(is_identical))
    distance = Photo.perceptual_hash.hamming_distance(perceptual_hash)
    return await session.scalar(
        _of_personality(personality_id)
        .where(or_(is_identical, distance <= max_distance))
        .order_by(is_identical.desc(), distance)
        .limit(1)
    )


async def has_post(session: AsyncSession, photo_id: UUID) -> bool:
    """Whether a photo has a post, which may have been sent already."""
    return bool(await session.scalar(select(exists().where(SocialPost.photo_id == photo_id))))


async def find_user_id(session: AsyncSession, discord_id: int) -> UUID | None:
    """Return the id of a user by their Discord id."""
    return await session.scalar(select(User.id).where(User.discord_id == discord_id))


async def libraries(session: AsyncSession, actor: Actor) -> Sequence[Library]:
    """Return the actor's personalities with their numbers of photos."""
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
    """Return a library, the newest photo first; `unscheduled` leaves out photos with a post."""
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


async def find_with_post(session: AsyncSession, photo_id: UUID) -> LibraryPhoto | None:
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


async def find_by_name(session: AsyncSession, actor: Actor, name: str) -> Sequence[Photo]:
    """Return the actor's photos by file name, or by the beginning of their id; two at most."""
    file_name = func.lower(Photo.file_name)
    conditions = [
        file_name == name.lower(),
        file_name.endswith(f"/{name.lower()}", autoescape=True),
        func.regexp_replace(file_name, r"\.[^./]+$", "") == name.lower(),
    ]
    conditions.append(id_begins(Photo.id, name))
    photos = await session.scalars(_of_actor(actor).where(or_(*conditions)).limit(2))
    return photos.all()


async def suggest(
    session: AsyncSession, actor: Actor, typed: str, *, unscheduled: bool, limit: int = 25
) -> Sequence[Photo]:
    """Return the actor's photos whose file name or id matches what is typed, the newest first."""
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
    excluded_id: UUID | None,
    limit: int,
) -> Sequence[SimilarPhoto]:
    """Return the photos nearest to a vector of the same model."""
    # Filters apply after the index scan, which must continue until there are enough rows.
    await search_vectors(session)
    distance = Photo.embedding.cosine_distance(list(vector))
    rows = await session.execute(
        select(Photo, distance)
        .where(
            Photo.personality_id == personality_id,
            Photo.embedding_model == model,
            Photo.embedding.is_not(None),
            Photo.id != excluded_id if excluded_id else text("true"),
        )
        .order_by(distance)
        .limit(limit)
    )
    return [SimilarPhoto(photo=photo, similarity=1 - value) for photo, value in rows]


async def search(session: AsyncSession, personality_id: UUID, terms: str) -> Sequence[Photo]:
    """Return the photos whose name, alt text or caption has any of the terms, best match first."""
    searchable = func.concat_ws(
        " ",
        func.regexp_replace(Photo.file_name, r"[^[:alnum:]]+", " ", "g"),
        Photo.alt_text,
        SocialPost.caption,
    )
    document = func.to_tsvector("simple", searchable)
    query = func.websearch_to_tsquery("simple", " or ".join(terms.split()))
    photos = await session.scalars(
        _of_personality(personality_id)
        .outerjoin(SocialPost, SocialPost.photo_id == Photo.id)
        .where(document.op("@@")(query))
        .order_by(func.ts_rank(document, query).desc(), Photo.created_at.desc())
        .limit(25)
    )
    return photos.all()


async def unembedded(
    session: AsyncSession, personality_id: UUID | None, model: str, limit: int
) -> Sequence[Photo]:
    """Return photos that a model has not embedded yet."""
    statement = select(Photo).where(Photo.embedding_model.is_distinct_from(model))
    if personality_id is not None:
        statement = statement.where(Photo.personality_id == personality_id)
    return (await session.scalars(statement.order_by(Photo.created_at).limit(limit))).all()


async def set_embedding(
    session: AsyncSession, photo_id: UUID, vector: Sequence[float] | None, model: str
) -> None:
    """Save a photo's vector; None records that the model could not embed it."""
    await session.execute(
        update(Photo)
        .where(Photo.id == photo_id)
        .values(embedding=list(vector) if vector else None, embedding_model=model)
    )


async def delete_photo(session: AsyncSession, photo_id: UUID) -> bool:
    """Delete a photo and its post; return False if the post is in flight or may be published."""
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


def _of_personality(personality_id: UUID) -> Select[Photo]:
    return select(Photo).where(Photo.personality_id == personality_id)


def _of_actor(actor: Actor) -> Select[Photo]:
    statement = select(Photo).join(Personality).where(Personality.deleted_at.is_(None))
    return statement if actor.is_bot_owner else statement.where(owned_by(actor.discord_id))


async def referenced_keys(session: AsyncSession, keys: Sequence[str]) -> frozenset[str]:
    """Return those of some storage keys that a photo references."""
    rows = await session.scalars(
        union_all(
            select(Photo.storage_key).where(Photo.storage_key.in_(keys)),
            select(Photo.thumbnail_key).where(Photo.thumbnail_key.in_(keys)),
        )
    )
    return frozenset(rows)
