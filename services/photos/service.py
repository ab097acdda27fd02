"""What owners of a personality do with its photos."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Photo
from db.session import Sessions
from services.chat import ChatAdapter
from services.embeddings import ImageEmbedder
from services.errors import DomainError
from services.images import ImagePipeline
from services.media import FileNotFound, FileTooLarge, ObjectNotFound, enqueue_deletion
from services.personalities import owned
from services.photos import queries
from services.photos.embedding import fitted
from services.photos.errors import PhotoInFlight, PhotoNotEmbedded, PhotoNotFound, SeveralPhotos
from services.photos.importing import Importer, enqueue_embedding
from services.photos.sources import MOST_ARCHIVE_BYTES, archive, file, is_archive, refused
from services.photos.types import ImportResult, Library, LibraryPhoto, SimilarPhoto, Sources
from services.texts import clean_text
from services.types import Actor, Attachment

ALT_LIMIT = 1000
_ALIKE, _WORDS = 12, 200


class PhotoService:
    """Libraries of photos; only owners of a personality, and whoever runs the bot, see one."""

    def __init__(
        self, sessions: Sessions, studio: ImagePipeline, embedder: ImageEmbedder, stage: ChatAdapter
    ) -> None:
        self._sessions = sessions
        self._stage = stage
        self._studio = studio
        self._embedder = embedder

    async def add(
        self,
        actor: Actor,
        personality_id: UUID,
        sources: Sources,
        *,
        is_made: bool = False,
        at_once: int = 1,
    ) -> AsyncGenerator[ImportResult]:
        """Take files into a library, decoding `at_once` at a time; yield what becomes of each.

        `is_made` says that a machine made them all; those that say so themselves need it not.

        Raises:
            OwnersOnly, PersonalityNotFound: The library is not the actor's, or gone.
            StorageUnavailable, StorageMisconfigured: The storage takes nothing.
        """
        async with self._sessions() as session:
            await owned(session, actor, personality_id)
            added_by = await queries.user_id(session, actor.discord_id)
        importer = Importer(
            self._sessions,
            self._studio,
            personality_id,
            added_by=added_by,
            is_made=is_made,
            at_once=at_once,
        )
        async for taken in importer.run(sources):
            yield taken

    async def unpacked(self, attachment: Attachment) -> Sources:
        """Return an attachment as a file, an archive as what is in it."""
        try:
            return await self._unpack(attachment)
        except DomainError as error:
            return [refused(attachment.name, error)]

    async def _unpack(self, attachment: Attachment) -> Sources:
        if attachment.size > MOST_ARCHIVE_BYTES:
            raise FileTooLarge(attachment.name, MOST_ARCHIVE_BYTES)
        data = await self._stage.read(attachment, most=MOST_ARCHIVE_BYTES)
        if data is None:
            raise FileNotFound(attachment.name)
        if is_archive(data):
            return await asyncio.to_thread(archive, attachment.name, data)
        return [file(attachment.name, data)]

    async def listed(
        self, actor: Actor, personality_id: UUID, *, unscheduled: bool = False
    ) -> Sequence[LibraryPhoto]:
        """Return a library, the newest photo first; of all of it, or of what has no post.

        Raises:
            OwnersOnly, PersonalityNotFound: It is not the actor's, or gone.
        """
        async with self._sessions() as session:
            await owned(session, actor, personality_id)
            return await queries.library(session, personality_id, unscheduled=unscheduled)

    async def libraries(self, actor: Actor) -> Sequence[Library]:
        """Return the actor's personalities with how many photos each has."""
        async with self._sessions() as session:
            return await queries.libraries(session, actor)

    async def find(self, actor: Actor, name: str) -> Photo:
        """Return the actor's photo of this file name or id, of which four letters may be enough.

        Raises:
            PhotoNotFound, SeveralPhotos: There is none, or more than one.
        """
        async with self._sessions() as session:
            found = await queries.called(session, actor, name.strip())
        if not found:
            raise PhotoNotFound(name)
        if len(found) > 1:
            raise SeveralPhotos(name)
        return found[0]

    async def suggested(
        self, actor: Actor, typed: str, *, unscheduled: bool = False
    ) -> Sequence[Photo]:
        """Return photos of the actor's, for suggestions."""
        async with self._sessions() as session:
            return await queries.suggested(session, actor, typed, unscheduled=unscheduled)

    async def show(self, actor: Actor, photo_id: UUID) -> LibraryPhoto:
        """Return a photo with its post.

        Raises:
            OwnersOnly, PhotoNotFound: It is not the actor's, or gone.
        """
        async with self._sessions() as session:
            return await _owned(session, actor, photo_id)

    async def describe(self, actor: Actor, photo_id: UUID, alt_text: str) -> Photo:
        """Say what a photo shows, for those who cannot see it.

        Raises:
            OwnersOnly, PhotoNotFound: It is not the actor's, or gone.
            TextTooLong: That is too long.
        """
        alt_text = clean_text(alt_text, field="alt text", limit=ALT_LIMIT)
        async with self._sessions.begin() as session:
            photo = (await _owned(session, actor, photo_id)).photo
            photo.alt_text = alt_text
            return photo

    async def thumbnail(self, photos: Sequence[Photo]) -> list[bytes | None]:
        """Return small pictures of photos, None where a file is gone."""
        return [await self._file(photo.thumbnail_key) for photo in photos]

    async def original(self, photo: Photo) -> bytes | None:
        """Return a photo's picture, None where its file is gone."""
        return await self._file(photo.storage_key)

    async def similar(self, actor: Actor, photo_id: UUID) -> Sequence[SimilarPhoto]:
        """Return the photos of the same library that are most like one.

        Raises:
            NotLookedAt: Nobody has looked at it yet.
            OwnersOnly, PhotoNotFound: It is not the actor's, or gone.
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
                besides=photo.id,
                limit=_ALIKE,
            )

    @property
    def searches_content(self) -> bool:
        """Whether a search looks at the photos, not only at what is said of them."""
        return self._embedder.supports_text

    async def search(self, actor: Actor, personality_id: UUID, words: str) -> Sequence[Photo]:
        """Return photos by words: by what they show where the embedder knows words, else is said.

        Raises:
            EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable: It does not answer.
            OwnersOnly, PersonalityNotFound: The library is not the actor's, or gone.
        """
        words = clean_text(words, field="search", limit=_WORDS)
        async with self._sessions() as session:
            await owned(session, actor, personality_id)
            said = list(await queries.search(session, personality_id, words))
        if not self._embedder.supports_text:
            return said
        vector = fitted(
            await self._studio.background.call(lambda: self._embedder.embed_text(words))
        )
        if vector is None:
            return said
        async with self._sessions.begin() as session:
            alike = await queries.similar(
                session,
                personality_id,
                vector,
                model=self._embedder.name,
                besides=None,
                limit=_ALIKE,
            )
        return list({photo.id: photo for photo in (*(a.photo for a in alike), *said)}.values())

    async def delete(self, actor: Actor, photo_id: UUID) -> None:
        """Delete a photo with its post and its files; what was posted stays where it is.

        Raises:
            OwnersOnly, PhotoNotFound: It is not the actor's, or gone.
            PhotoOnItsWay: It is being posted.
        """
        async with self._sessions.begin() as session:
            photo = (await _owned(session, actor, photo_id)).photo
            if not await queries.remove(session, photo_id):
                raise PhotoInFlight(photo.file_name)
            await enqueue_deletion(session, [photo.storage_key, photo.thumbnail_key])

    async def reembed(self) -> None:
        """Let photos be looked at that the embedder that is there now has not seen."""
        async with self._sessions() as session:
            waiting = await queries.unembedded(session, None, self._embedder.name, 1)
        if waiting:
            await enqueue_embedding(self._sessions, None)

    async def _file(self, key: str) -> bytes | None:
        try:
            return await self._studio.store.get(key)
        except ObjectNotFound:
            return None


async def _owned(session: AsyncSession, actor: Actor, photo_id: UUID) -> LibraryPhoto:
    found = await queries.one(session, photo_id)
    if found is None:
        raise PhotoNotFound("")
    await owned(session, actor, found.photo.personality_id)
    return found
