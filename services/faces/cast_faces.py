"""The faces of the seeded cast, which come with the program."""

import asyncio
import logging
from collections.abc import Mapping
from importlib.resources import files
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.models import MAIN_FACE, Face, Personality, Visibility
from db.session import Sessions
from services.errors import DomainError
from services.faces.hosting import FaceHosting
from services.images import ImagePipeline
from services.media import Crop, square
from services.personalities.queries import add_version

log = logging.getLogger(__name__)


class CastFaces:
    """Adds faces and expressions to the seeded personalities, once."""

    def __init__(self, sessions: Sessions, pipeline: ImagePipeline, hosting: FaceHosting) -> None:
        self._sessions = sessions
        self._pipeline = pipeline
        self._hosting = hosting

    async def add(self) -> None:
        """Add faces to those that have none, unless somebody has changed or deleted them."""
        pictures = await asyncio.to_thread(_read_pictures)
        async with self._sessions() as session:
            rows = await session.execute(
                select(Personality.id, Personality.slug).where(
                    Personality.slug.in_(pictures),
                    Personality.maker_id.is_(None),
                    Personality.deleted_at.is_(None),
                    Personality.avatar_url.is_(None),
                    ~select(Face.id).where(Face.personality_id == Personality.id).exists(),
                )
            )
            faceless = [(row.id, row.slug) for row in rows]
        for personality_id, slug in faceless:
            try:
                await self._add_to(personality_id, pictures[slug])
            except DomainError as error:
                log.info("%s has no face yet: %r", slug, error)

    async def _add_to(self, personality_id: UUID, pictures: Mapping[str, bytes]) -> None:
        values: list[dict[str, object]] = []
        # The face first: without a host for it, nothing else is stored.
        for name in sorted(pictures, key=lambda name: name != MAIN_FACE):
            picture = await asyncio.to_thread(square, pictures[name], Crop.CENTER)
            key = f"avatars/{uuid4()}.jpg"
            await self._pipeline.store_image(key, picture)
            address = (
                await self._hosting.publish(key, picture.data)
                if name == MAIN_FACE
                else self._hosting.public_address(key)
            )
            values.append(
                {
                    "personality_id": personality_id,
                    "name": name,
                    "storage_key": key,
                    "url": address.url if address else None,
                    "emoji_id": address.emoji_id if address else None,
                    "is_explicit": False,
                }
            )
        (main,) = (each for each in values if each["name"] == MAIN_FACE)
        async with self._sessions.begin() as session:
            personality = await session.get_one(Personality, personality_id, with_for_update=True)
            if personality.avatar_url is None:
                await session.execute(insert(Face).on_conflict_do_nothing(), values)
                personality.avatar_url = str(main["url"])
                personality.version += 1
                add_version(session, personality)
                if personality.visibility == Visibility.PUBLIC:
                    # What is public does not change: it is withdrawn, and published anew.
                    personality.visibility = Visibility.UNLISTED
                    await session.flush()
                    personality.public_version = personality.version
                    personality.visibility = Visibility.PUBLIC
                return
        if isinstance(emoji_id := main["emoji_id"], int):  # another process was faster
            await self._hosting.remove(emoji_id)


def cast_picture(name: str) -> bytes:
    """Return a PNG of one of the cast, by its slug and expression, like `mirela.happy`."""
    return (files("services.faces") / "cast" / f"{name}.png").read_bytes()


def _read_pictures() -> dict[str, dict[str, bytes]]:
    """Return the pictures of each of the cast, by the slug and by the expression."""
    found: dict[str, dict[str, bytes]] = {}
    for file in (files("services.faces") / "cast").iterdir():
        slug, name, kind = file.name.rsplit(".", 2)
        if kind == "png":
            found.setdefault(slug, {})[name] = file.read_bytes()
    return found
