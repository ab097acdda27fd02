"""Looking at photos: a vector for each that has none of the embedder that is there now."""

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import PHOTO_DIMENSIONS, JobStatus, Photo
from db.session import Sessions
from services.embeddings import EmbedderFailed, ImageEmbedder
from services.jobs import Handler, Run
from services.media import ObjectNotFound, ObjectStore
from services.photos import queries
from services.photos.importing import LOOK

_BATCH = 50
# Squares of these have to be numbers as PostgreSQL has them in a vector.
_MOST = 1e15


class EmbedPhotoHandler(Handler):
    """Looks until every photo has been looked at; whatever is written stays written."""

    kind: ClassVar[str] = LOOK
    max_attempts: ClassVar[int] = 20
    timeout_seconds: ClassVar[float] = 6 * 3600

    def __init__(self, sessions: Sessions, store: ObjectStore, embedder: ImageEmbedder) -> None:
        self._sessions = sessions
        self._store = store
        self._embedder = embedder

    @override
    async def run(self, run: Run) -> None:
        told = run.payload.get("personality")
        library = UUID(told) if told else None
        while True:
            async with self._sessions() as session:
                photos = await queries.unembedded(session, library, self._embedder.name, _BATCH)
            for photo in photos:
                vector = await self._look(photo)
                async with run.writing() as session:
                    await queries.set_embedding(session, photo.id, vector, self._embedder.name)
            if not photos:
                return

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        """Nothing waits for it: what was not looked at is like nothing."""

    async def _look(self, photo: Photo) -> list[float] | None:
        try:
            vector = await self._embedder.embed_picture(await self._store.get(photo.thumbnail_key))
        except (EmbedderFailed, ObjectNotFound):
            return None
        return fitted(vector)


def fitted(vector: list[float]) -> list[float] | None:
    """Return a vector as it is stored, ending in zeros; None where it has no direction."""
    is_sound = all(abs(number) <= _MOST for number in vector)  # so no NaN
    if not is_sound or not any(vector) or len(vector) > PHOTO_DIMENSIONS:
        return None
    return vector + [0.0] * (PHOTO_DIMENSIONS - len(vector))
