"""What owners do with the pictures of a character, and with what is known of it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CharacterProfile
from db.session import Sessions
from services.characters import queries, vision
from services.characters.errors import ImageNotFound, NoProfile
from services.characters.guards import owned_by, refuse_words, words_of
from services.characters.types import Gallery
from services.media import ObjectStore, enqueue_deletion
from services.types import Actor


class GalleryService:
    """A character's pictures and profile."""

    def __init__(self, sessions: Sessions, store: ObjectStore) -> None:
        self._sessions = sessions
        self._store = store

    async def gallery(self, actor: Actor, character_id: UUID) -> Gallery:
        """Return a character with its pictures.

        Raises:
            CharacterNotFound: It is not the actor's, or gone.
        """
        async with self._sessions() as session:
            return Gallery(
                character=await owned_by(session, actor, character_id),
                images=await queries.shown(session, character_id),
                profile=await queries.profile(session, character_id),
            )

    async def described(self, actor: Actor, character_id: UUID) -> CharacterProfile:
        """Return what is known of a character.

        Raises:
            CharacterNotFound: It is not the actor's, or gone.
            NoProfile: Nothing is known of it yet.
        """
        async with self._sessions.begin() as session:
            return await _profile(session, actor, character_id)

    async def file(self, key: str) -> bytes:
        """Return a picture of a gallery.

        Raises:
            ObjectGone: It is not there.
        """
        return await self._store.get(key)

    async def select(self, actor: Actor, character_id: UUID, image_id: UUID) -> None:
        """Make a picture the one that all later ones take after.

        Raises:
            CharacterNotFound, PictureGone: It is not the actor's, or gone.
        """
        async with self._sessions.begin() as session:
            await owned_by(session, actor, character_id, lock=True)
            if not await queries.select_image(session, character_id, image_id):
                raise ImageNotFound

    async def discard(self, actor: Actor, character_id: UUID, image_id: UUID) -> None:
        """Delete a picture, and its files.

        Raises:
            CharacterNotFound, PictureGone: It is not the actor's, or gone.
        """
        async with self._sessions.begin() as session:
            await owned_by(session, actor, character_id, lock=True)
            keys = await queries.discard(session, character_id, image_id)
            if not keys:
                raise ImageNotFound
            await enqueue_deletion(session, keys)

    async def describe(
        self, actor: Actor, character_id: UUID, changes: Mapping[str, str]
    ) -> CharacterProfile:
        """Change what is known of a character; lists have a phrase on each line.

        Raises:
            CharacterNotFound: It is not the actor's, or gone.
            NoProfile: Nothing is known of it yet.
            SceneRefused: Nobody is drawn by such words.
        """
        async with self._sessions.begin() as session:
            profile = await _profile(session, actor, character_id)
            for field, text in changes.items():
                is_list = isinstance(getattr(profile, field), list)
                given = vision.phrases(text.splitlines()) if is_list else vision.tidy(text)
                setattr(profile, field, given)
            kept = [each for each in profile.do_not_change if each in profile.features]
            profile.do_not_change = kept
            refuse_words(words_of(profile))
            return profile

    async def keep(
        self, actor: Actor, character_id: UUID, features: Sequence[str]
    ) -> CharacterProfile:
        """Settle which features no picture may change.

        Raises:
            CharacterNotFound: It is not the actor's, or gone.
            NoProfile: Nothing is known of it yet.
        """
        async with self._sessions.begin() as session:
            profile = await _profile(session, actor, character_id)
            profile.do_not_change = [each for each in profile.features if each in features]
            return profile


async def _profile(session: AsyncSession, actor: Actor, character_id: UUID) -> CharacterProfile:
    character = await owned_by(session, actor, character_id, lock=True)
    profile = await queries.profile(session, character_id)
    if profile is None:
        raise NoProfile(character.name)
    return profile
