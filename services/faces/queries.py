"""Queries on faces."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import MAIN_FACE, Face, Personality, PersonalityVersion
from services.faces.moderation import FaceModeration
from services.media import enqueue_deletion
from services.personalities import referenced_keys as avatars_in_versions

# The face of a public version, while its personality has another one already.
PUBLISHED: Final = "published"
EMOJI_ADDRESS: Final = "https://cdn.discordapp.com/emojis/"
_EMOJI_ID = re.compile(r"\d{1,20}")
RESERVED: Final = frozenset({MAIN_FACE, PUBLISHED})


def has_faces(personality_id: Any) -> ColumnElement[bool]:
    """Return whether a personality has any face."""
    return exists().where(Face.personality_id == personality_id)


async def main_face_key(session: AsyncSession, personality_id: UUID) -> str | None:
    """Return the storage key of a personality's face."""
    return await session.scalar(
        select(Face.storage_key).where(
            Face.personality_id == personality_id, Face.name == MAIN_FACE
        )
    )


async def shown_emojis(session: AsyncSession) -> frozenset[int]:
    """Return the ids of the emoji that faces, personalities or any versions of them have."""
    ids = await session.scalars(select(Face.emoji_id).where(Face.emoji_id.is_not(None)))
    current = await session.scalars(
        select(Personality.avatar_url).where(Personality.avatar_url.startswith(EMOJI_ADDRESS))
    )
    url = PersonalityVersion.definition["avatar_url"].astext
    earlier = await session.scalars(select(url).where(url.startswith(EMOJI_ADDRESS)).distinct())
    urls = [*current, *earlier]
    found = (_EMOJI_ID.match((each or "").removeprefix(EMOJI_ADDRESS)) for each in urls)
    return frozenset({*filter(None, ids), *(int(match[0]) for match in found if match)})


async def expressions(session: AsyncSession, personality_id: UUID) -> Sequence[Face]:
    """Return the expressions of a personality, by their names."""
    faces = await session.scalars(
        select(Face)
        .where(Face.personality_id == personality_id, Face.name.not_in(RESERVED))
        .order_by(func.lower(Face.name))
    )
    return faces.all()


async def hand_over(session: AsyncSession, face: Face) -> bool:
    """Keep a replaced face for a copy or public version that shows it; return whether any does."""
    shown = await session.execute(
        select(Personality.id)
        .outerjoin(
            PersonalityVersion,
            (PersonalityVersion.personality_id == Personality.id)
            & (PersonalityVersion.number == Personality.public_version),
        )
        .where(
            or_(
                Personality.avatar_url == face.url,
                PersonalityVersion.definition["avatar_url"].astext == face.url,
            )
        )
        .limit(1)
    )
    holder_id = shown.scalar()
    if holder_id is None:
        return False
    is_own = holder_id == face.personality_id
    await session.execute(
        insert(Face)
        .values(
            personality_id=holder_id,
            name=PUBLISHED if is_own else MAIN_FACE,
            storage_key=face.storage_key,
            url=face.url,
            emoji_id=face.emoji_id,
            is_explicit=face.is_explicit,
        )
        .on_conflict_do_nothing()
    )
    return True


async def drop_unpublished(session: AsyncSession, personality_id: UUID) -> int | None:
    """Remove the face of a public version that is public no more; return its emoji."""
    face = await find(session, personality_id, PUBLISHED)
    if face is None:
        return None
    shown = await session.scalar(
        select(PersonalityVersion.definition["avatar_url"].astext)
        .join(Personality, Personality.id == PersonalityVersion.personality_id)
        .where(
            Personality.id == personality_id,
            PersonalityVersion.number == Personality.public_version,
        )
    )
    if shown == face.url:
        return None
    return await remove(session, personality_id, PUBLISHED)


async def remove(session: AsyncSession, personality_id: UUID, name: str) -> int | None:
    """Remove a face and its file, if it is there; return the emoji to remove."""
    face = await find(session, personality_id, name)
    if face is None:
        return None
    emoji_id = face.emoji_id
    await enqueue_deletion(session, [face.storage_key])
    await session.delete(face)
    await session.flush()
    return emoji_id


async def find(session: AsyncSession, personality_id: UUID, name: str) -> Face | None:
    """Return a face of a personality, locked."""
    return await session.scalar(
        select(Face)
        .where(Face.personality_id == personality_id, func.lower(Face.name) == name.lower())
        .with_for_update()
    )


async def referenced_keys(session: AsyncSession, keys: Sequence[str]) -> frozenset[str]:
    """Return those of some storage keys that are faces, or avatars in a version."""
    found = await session.scalars(select(Face.storage_key).where(Face.storage_key.in_(keys)))
    return frozenset(found) | await avatars_in_versions(session, keys)


async def unseen_faces(
    session: AsyncSession, personality_id: UUID, avatar_url: str | None
) -> Sequence[str]:
    """Return the storage keys of what no vision model has looked at.

    That is the face at an address, and every expression.
    """
    keys = await session.scalars(
        select(Face.storage_key)
        .where(
            Face.personality_id == personality_id,
            or_(Face.url == avatar_url, Face.name.not_in(RESERVED)),
            Face.is_explicit.is_(None),
        )
        .order_by(Face.name)
    )
    return keys.all()


async def has_explicit_face(session: AsyncSession, personality_id: UUID) -> bool:
    """Whether a vision model found a face or an expression of a personality explicit."""
    return (
        await session.scalar(
            select(Face.id)
            .where(Face.personality_id == personality_id, Face.is_explicit.is_(True))
            .limit(1)
        )
        is not None
    )


async def record_moderation(
    session: AsyncSession, storage_key: str, moderation: FaceModeration
) -> None:
    """Store what a vision model saw in a face."""
    await session.execute(
        update(Face).where(Face.storage_key == storage_key).values(is_explicit=moderation.is_sexual)
    )
