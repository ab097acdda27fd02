"""Embedding photos: a vector for each photo that has none of the current embedder."""

from typing import ClassVar

from typing_extensions import override

from db.models import PHOTO_DIMENSIONS, Personality, Photo, User
from db.session import Sessions
from services.access import Caller, authorize
from services.embeddings import EmbedderFailed, ImageEmbeddings
from services.jobs import Handler, Run
from services.media import ObjectNotFound, ObjectStore
from services.photos import queries
from services.photos.importing import EmbeddingJob

_BATCH_SIZE = 50
# The squares must be finite in the single precision of PostgreSQL's vectors.
_MAX_ABSOLUTE = 1e15


class EmbedPhotoHandler(Handler[EmbeddingJob]):
    """Embeds photos until none is left; each is saved at once and survives a crash."""

    payload_type = EmbeddingJob
    max_attempts: ClassVar[int] = 20
    timeout_seconds: ClassVar[float] = 6 * 3600

    def __init__(self, sessions: Sessions, store: ObjectStore, embedder: ImageEmbeddings) -> None:
        self._sessions = sessions
        self._store = store
        self._embedder = embedder

    @override
    async def run(self, run: Run[EmbeddingJob]) -> None:
        while True:
            async with self._sessions() as session:
                photos = await queries.unembedded(
                    session, run.payload.personality, self._embedder.name, _BATCH_SIZE
                )
            for photo in photos:
                vector = await self._embed(photo, await self._authorize(photo))
                async with run.transaction() as session:
                    await queries.set_embedding(session, photo.id, vector, self._embedder.name)
            if not photos:
                return

    async def _authorize(self, photo: Photo) -> Caller:
        """Return the maker of the personality as the one who pays."""
        async with self._sessions() as session:
            personality = await session.get_one(Personality, photo.personality_id)
            maker = await session.get(User, personality.maker_id) if personality.maker_id else None
            return await authorize(session, "photo embedding", user=maker)

    async def _embed(self, photo: Photo, caller: Caller) -> list[float] | None:
        try:
            picture = await self._store.get(photo.thumbnail_key)
            vector = await self._embedder.embed_picture(picture, caller=caller)
        except (EmbedderFailed, ObjectNotFound):
            return None
        return pad_vector(vector)


def pad_vector(vector: list[float]) -> list[float] | None:
    """Return a vector padded with zeros as it is stored, or None if it cannot be compared."""
    is_storable = all(abs(number) <= _MAX_ABSOLUTE for number in vector)  # so no NaN
    if not is_storable or not any(vector) or len(vector) > PHOTO_DIMENSIONS:
        return None
    return vector + [0.0] * (PHOTO_DIMENSIONS - len(vector))
