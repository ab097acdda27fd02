"""The use cases of a character's pictures and profile."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CharacterProfile
from db.session import Sessions
from services.characters import queries, vision
from services.characters.errors import ImageNotFound, NoProfile
from services.characters.guards import check_scene, get_owned, text_of
from services.characters.types import Gallery
from services.media import ObjectStore, enqueue_deletion
from services.types import Actor


class GalleryService:
    """A character's pictures and profile."""

    def __init__(self, sessions: Sessions, store: ObjectStore) -> None:
        self._sessions = sessions
        self._store = store

    async def get(self, actor: Actor, character_id: UUID) -> Gallery:
        """Return a character with its pictures.

        Raises:
            CharacterNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions() as session:
            return Gallery(
                character=await get_owned(session, actor, character_id),
                images=await queries.gallery_images(session, character_id),
                profile=await queries.profile(session, character_id),
            )

    async def profile(self, actor: Actor, character_id: UUID) -> CharacterProfile:
        """Return a character's profile.

        Raises:
            CharacterNotFound: It is not the actor's, or was deleted.
            NoProfile: It has no profile yet.
        """
        async with self._sessions.begin() as session:
            return await _owned_profile(session, actor, character_id)

    async def read_file(self, key: str) -> bytes:
        """Return the bytes of a picture.

        Raises:
            ObjectNotFound: The file does not exist.
        """
        return await self._store.get(key)

    async def select_image(self, actor: Actor, character_id: UUID, image_id: UUID) -> None:
        """Make a picture the reference of all later ones.

        Raises:
            CharacterNotFound, ImageNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions.begin() as session:
            await get_owned(session, actor, character_id, lock=True)
            if not await queries.select_image(session, character_id, image_id):
                raise ImageNotFound

    async def delete_image(self, actor: Actor, character_id: UUID, image_id: UUID) -> None:
        """Delete a picture and its files.

        Raises:
            CharacterNotFound, ImageNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions.begin() as session:
            await get_owned(session, actor, character_id, lock=True)
            keys = await queries.delete_image(session, character_id, image_id)
            if not keys:
                raise ImageNotFound
            await enqueue_deletion(session, keys)

    async def update_profile(
        self, actor: Actor, character_id: UUID, changes: Mapping[str, str]
    ) -> CharacterProfile:
        """Change fields of a character's profile; list fields have a phrase per line.

        Raises:
            CharacterNotFound: It is not the actor's, or was deleted.
            NoProfile: It has no profile yet.
            SceneRefused: The text has content that is not drawn.
        """
        async with self._sessions.begin() as session:
            profile = await _owned_profile(session, actor, character_id)
            for field, text in changes.items():
                is_list = isinstance(getattr(profile, field), list)
                value = vision.clean_phrases(text.splitlines()) if is_list else vision.clean(text)
                setattr(profile, field, value)
            fixed = [each for each in profile.do_not_change if each in profile.features]
            profile.do_not_change = fixed
            check_scene(text_of(profile))
            return profile

    async def set_fixed_features(
        self, actor: Actor, character_id: UUID, features: Sequence[str]
    ) -> CharacterProfile:
        """Set the features that no picture may change.

        Raises:
            CharacterNotFound: It is not the actor's, or was deleted.
            NoProfile: It has no profile yet.
        """
        async with self._sessions.begin() as session:
            profile = await _owned_profile(session, actor, character_id)
            profile.do_not_change = [each for each in profile.features if each in features]
            return profile


async def _owned_profile(
    session: AsyncSession, actor: Actor, character_id: UUID
) -> CharacterProfile:
    character = await get_owned(session, actor, character_id, lock=True)
    profile = await queries.profile(session, character_id)
    if profile is None:
        raise NoProfile(character.name)
    return profile
