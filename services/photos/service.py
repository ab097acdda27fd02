"""The use cases of photo libraries."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Photo
from db.session import Sessions
from services.access import Quotas, authorize
from services.chat import ChatAdapter
from services.embeddings import ImageEmbeddings
from services.errors import DomainError
from services.images import ImagePipeline
from services.media import FileNotFound, FileTooLarge, ObjectNotFound, enqueue_deletion
from services.people import get_or_create_user
from services.personalities import get_owned
from services.photos import queries
from services.photos.embedding import pad_vector
from services.photos.errors import PhotoInFlight, PhotoNotEmbedded, PhotoNotFound, SeveralPhotos
from services.photos.importing import Importer, enqueue_embedding
from services.photos.sources import (
    MAX_ARCHIVE_BYTES,
    archive_sources,
    file_source,
    is_archive,
    unreadable_source,
)
from services.photos.types import ImportResult, Library, LibraryPhoto, SimilarPhoto, Sources
from services.texts import clean_text
from services.types import Actor, Attachment

ALT_LIMIT = 1000
_MAX_SIMILAR, _MAX_SEARCH_LENGTH = 12, 200


class PhotoService:
    """Photo libraries, visible only to a personality's owners and to the bot's owner."""

    def __init__(
        self,
        sessions: Sessions,
        pipeline: ImagePipeline,
        embedder: ImageEmbeddings,
        adapter: ChatAdapter,
        quotas: Quotas | None = None,
    ) -> None:
        self._sessions = sessions
        self._quotas = quotas or Quotas()
        self._adapter = adapter
        self._pipeline = pipeline
        self._embedder = embedder

    async def add(
        self,
        actor: Actor,
        personality_id: UUID,
        sources: Sources,
        *,
        is_ai_generated: bool = False,
        at_once: int = 1,
    ) -> AsyncGenerator[ImportResult]:
        """Import files into a library, decoding `at_once` at a time; yield the result of each.

        `is_ai_generated` marks all of them as AI-generated; files whose metadata declares it are
        marked anyway.

        Raises:
            OwnersOnly, PersonalityNotFound: The library is not the actor's, or was deleted.
            StorageUnavailable, StorageMisconfigured: The storage failed.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)
            added_by = await queries.find_user_id(session, actor.discord_id)
        importer = Importer(
            self._sessions,
            self._pipeline,
            personality_id,
            added_by=added_by,
            is_ai_generated=is_ai_generated,
            at_once=at_once,
            quotas=None if actor.is_bot_owner else self._quotas,
        )
        async for result in importer.run(sources):
            yield result

    async def unpack(self, attachment: Attachment) -> Sources:
        """Return an attachment as a source, or the files of an archive; errors become sources."""
        try:
            return await self._unpack(attachment)
        except DomainError as error:
            return [unreadable_source(attachment.name, error)]

    async def _unpack(self, attachment: Attachment) -> Sources:
        if attachment.size > MAX_ARCHIVE_BYTES:
            raise FileTooLarge(attachment.name, MAX_ARCHIVE_BYTES)
        data = await self._adapter.read(attachment, max_bytes=MAX_ARCHIVE_BYTES)
        if data is None:
            raise FileNotFound(attachment.name)
        if is_archive(data):
            return await asyncio.to_thread(archive_sources, attachment.name, data)
        return [file_source(attachment.name, data)]

    async def list_photos(
        self, actor: Actor, personality_id: UUID, *, unscheduled: bool = False
    ) -> Sequence[LibraryPhoto]:
        """Return a library, the newest photo first; `unscheduled` leaves out photos with a post.

        Raises:
            OwnersOnly, PersonalityNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)
            return await queries.library(session, personality_id, unscheduled=unscheduled)

    async def libraries(self, actor: Actor) -> Sequence[Library]:
        """Return the actor's personalities with their numbers of photos."""
        async with self._sessions() as session:
            return await queries.libraries(session, actor)

    async def find(self, actor: Actor, name: str) -> Photo:
        """Return the actor's photo by file name, or by at least four characters of its id.

        Raises:
            PhotoNotFound, SeveralPhotos: There is none, or more than one.
        """
        async with self._sessions() as session:
            photos = await queries.find_by_name(session, actor, name.strip())
        if not photos:
            raise PhotoNotFound(name)
        if len(photos) > 1:
            raise SeveralPhotos(name)
        return photos[0]

    async def suggest(
        self, actor: Actor, typed: str, *, unscheduled: bool = False
    ) -> Sequence[Photo]:
        """Return the actor's photos that match what is typed."""
        async with self._sessions() as session:
            return await queries.suggest(session, actor, typed, unscheduled=unscheduled)

    async def get(self, actor: Actor, photo_id: UUID) -> LibraryPhoto:
        """Return a photo with its post.

        Raises:
            OwnersOnly, PhotoNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions() as session:
            return await _owned(session, actor, photo_id)

    async def set_alt_text(self, actor: Actor, photo_id: UUID, alt_text: str) -> Photo:
        """Set the alt text of a photo.

        Raises:
            OwnersOnly, PhotoNotFound: It is not the actor's, or was deleted.
            TextTooLong: The text is too long.
        """
        alt_text = clean_text(alt_text, field="alt text", limit=ALT_LIMIT)
        async with self._sessions.begin() as session:
            photo = (await _owned(session, actor, photo_id)).photo
            photo.alt_text = alt_text
            return photo

    async def thumbnails(self, photos: Sequence[Photo]) -> list[bytes | None]:
        """Return the thumbnails of photos, with None for files that do not exist."""
        reading = (self._read_file(photo.thumbnail_key) for photo in photos)
        return await asyncio.gather(*reading)

    async def picture(self, photo: Photo) -> bytes | None:
        """Return a photo's full picture, or None if its file does not exist."""
        return await self._read_file(photo.storage_key)

    async def similar(self, actor: Actor, photo_id: UUID) -> Sequence[SimilarPhoto]:
        """Return the most similar photos of the same library.

        Raises:
            OwnersOnly, PhotoNotFound: It is not the actor's, or was deleted.
            PhotoNotEmbedded: It has no embedding yet.
        """
        async with self._sessions.begin() as session:
            photo = (await _owned(session, actor, photo_id)).photo
            await session.refresh(photo, ["embedding"])
            if photo.embedding is None or photo.embedding_model is None:
                raise PhotoNotEmbedded(photo.file_name)
            return await queries.similar(
                session,
                photo.personality_id,
                photo.embedding,
                model=photo.embedding_model,
                excluded_id=photo.id,
                limit=_MAX_SIMILAR,
            )

    @property
    def searches_content(self) -> bool:
        """Whether a search covers what photos show, not only their names and texts."""
        return self._embedder.supports_text

    async def search(self, actor: Actor, personality_id: UUID, text: str) -> Sequence[Photo]:
        """Return photos by what they show, if the embedder supports text, and by their texts.

        Raises:
            AccessDenied, BudgetSpent: The actor may not, or a budget leaves no room for it.
            EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable: The embedder failed.
            OwnersOnly, PersonalityNotFound: The library is not the actor's, or was deleted.
            TextTooLong: The search text is too long.
        """
        text = clean_text(text, field="search", limit=_MAX_SEARCH_LENGTH)
        async with self._sessions.begin() as session:
            await get_owned(session, actor, personality_id)
            matches = list(await queries.search(session, personality_id, text))
            user = await get_or_create_user(session, actor)
            caller = await authorize(session, "photo search", user=user)
        if not self._embedder.supports_text:
            return matches
        vector = pad_vector(
            await self._pipeline.background.call(
                lambda: self._embedder.embed_text(text, caller=caller)
            )
        )
        if vector is None:
            return matches
        async with self._sessions.begin() as session:
            similar = await queries.similar(
                session,
                personality_id,
                vector,
                model=self._embedder.name,
                excluded_id=None,
                limit=_MAX_SIMILAR,
            )
        photos = (*(each.photo for each in similar), *matches)
        return list({photo.id: photo for photo in photos}.values())

    async def delete(self, actor: Actor, photo_id: UUID) -> None:
        """Delete a photo with its post and its files; a published post stays on its network.

        Raises:
            OwnersOnly, PhotoNotFound: It is not the actor's, or was deleted.
            PhotoInFlight: It is being posted, or may have been.
        """
        async with self._sessions.begin() as session:
            photo = (await _owned(session, actor, photo_id)).photo
            if not await queries.delete_photo(session, photo_id):
                raise PhotoInFlight(photo.file_name)
            await enqueue_deletion(session, [photo.storage_key, photo.thumbnail_key])

    async def reembed(self) -> None:
        """Enqueue the embedding of photos that the current embedder has not embedded."""
        async with self._sessions() as session:
            unembedded = await queries.unembedded(session, None, self._embedder.name, 1)
        if unembedded:
            await enqueue_embedding(self._sessions, None)

    async def _read_file(self, key: str) -> bytes | None:
        try:
            return await self._pipeline.store.get(key)
        except ObjectNotFound:
            return None


async def _owned(session: AsyncSession, actor: Actor, photo_id: UUID) -> LibraryPhoto:
    library_photo = await queries.find_with_post(session, photo_id)
    if library_photo is None:
        raise PhotoNotFound("")
    await get_owned(session, actor, library_photo.photo.personality_id)
    return library_photo
