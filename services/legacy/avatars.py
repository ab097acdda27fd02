"""Import of personalities' pictures, which later versions of the old bot keep in the database."""

import asyncio
import binascii

from sqlalchemy import select

from db.models import Personality
from services.images import ImagePipeline
from services.legacy.migration import Migration
from services.legacy.report import RowKind
from services.media import (
    FileTooLarge,
    NoPublicUrl,
    NotAPicture,
    PictureTooLarge,
    decoding_memory,
    prepare,
    thumbnail,
)
from services.personalities import queries

_SIDE = 512


async def move_avatars(migration: Migration, pipeline: ImagePipeline | None) -> None:
    """Store the pictures of personalities that have no avatar here, and show them as such."""
    ids = await migration.source.avatar_ids()
    rows = (
        await migration.session.scalars(
            select(Personality).where(Personality.id.in_(ids), Personality.deleted_at.is_(None))
        )
    ).all()
    for personality in rows:
        label = f"picture of {personality.name!r}"
        if personality.avatar_url:
            migration.report.already_there[RowKind.AVATARS] += 1
            continue
        if pipeline is None:
            migration.report.skip(f"{label}: there is no storage for it")
            continue
        key = f"avatars/{personality.id}.jpg"
        try:
            url = pipeline.store.public_url(key)
            data = await migration.source.avatar(personality.id)
            async with pipeline.memory.reserve(decoding_memory(data, label)):
                picture = await asyncio.to_thread(prepare, data, name=label)
            small = await asyncio.to_thread(thumbnail, picture.data, _SIDE)
        except NoPublicUrl:
            migration.report.skip(f"{label}: the storage has no public address to show it from")
            continue
        except (FileTooLarge, NotAPicture, PictureTooLarge, binascii.Error):
            migration.report.skip(f"{label}: it cannot be read")
            continue
        await pipeline.store_image(key, small)
        personality.avatar_url = url
        personality.version += 1
        queries.add_version(migration.session, personality)
        migration.report.moved[RowKind.AVATARS] += 1
    await migration.session.flush()
