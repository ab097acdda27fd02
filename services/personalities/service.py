"""Creating, editing and sharing personalities."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from typing_extensions import Unpack

from db.models import Personality, PersonalityAlias
from db.session import Sessions
from services.access import Owned, Quotas, check_quota
from services.names import refuse_impersonation
from services.people import get_or_create_user
from services.personalities import definition, queries
from services.personalities.creation import (
    insert,
    merge,
    refuse_impersonating_names,
    refuse_taken,
)
from services.personalities.errors import (
    LastOwner,
    MakersOnly,
    PersonalityNotFound,
    StillPublic,
)
from services.personalities.finding import PersonalityFinder
from services.personalities.guards import (
    get_owned,
    is_public_or_pending,
    mark_explicit,
    refuse_if_public,
)
from services.personalities.image_settings import MAX_AVOIDED, ImageSettings
from services.personalities.ratings import ratings
from services.personalities.types import DeletionHook, PersonalityDetails
from services.personalities.voice_settings import MAX_STYLE, MAX_VOICE, VoiceSettings
from services.texts import clean_name, clean_text, on_one_line
from services.types import Actor


class PersonalityService(PersonalityFinder):
    """Manages personalities. To a person who may not see one, it does not exist."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        on_delete: DeletionHook | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self._sessions = sessions
        self._quotas = quotas or Quotas()
        self._on_delete = on_delete

    async def list_personalities(
        self, actor: Actor, *, age_restricted: bool
    ) -> Sequence[tuple[Personality, bool]]:
        """Return the actor's personalities and those visible here, with whether each is own."""
        async with self._sessions() as session:
            return await queries.list_personalities(
                session, actor.discord_id, age_restricted=age_restricted
            )

    async def details(
        self, actor: Actor, personality: Personality, *, age_restricted: bool = True
    ) -> PersonalityDetails:
        """Return the details of a personality; people other than its owners see it as published.

        `personality` must be detached; `age_restricted` is that of the channel it is viewed in.

        Raises:
            PersonalityNotFound: It may not be shown there.
        """
        async with self._sessions() as session:
            is_owner = await queries.is_owner(session, personality.id, actor.discord_id)
            if not is_owner:
                if personality.age_restricted and not age_restricted:
                    raise PersonalityNotFound(personality.name)
                if published := await queries.published_definition(session, personality):
                    definition.apply_published_version(personality, published)
            return PersonalityDetails(
                personality,
                await queries.aliases(session, personality.id),
                await queries.owners(session, personality.id),
                await queries.system_prompt_of(session, personality),
                await queries.default_config_of(session, personality.id),
                is_hidden=not (is_owner or actor.is_bot_owner or personality.definition_shown),
                ratings=await ratings(session, personality.id) if is_owner else (),
            )

    async def create(
        self, actor: Actor, texts: Mapping[str, str | None], *, members: Iterable[str] = ()
    ) -> Personality:
        """Create a personality owned by the actor. `members` are names that it may not imitate.

        Raises:
            NameImpersonates, PersonalityNameTaken: The name is not available.
            BadAddress, TextEmpty, TextTooLong: A field is not valid.
        """
        columns = definition.validate(texts)
        refuse_impersonating_names(columns, members)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await check_quota(session, self._quotas, Owned.PERSONALITIES, user.id, actor=actor)
            return await insert(session, user.id, columns)

    async def edit(
        self,
        actor: Actor,
        personality_id: UUID,
        texts: Mapping[str, Any],
        *,
        members: Iterable[str] = (),
        base: int | None = None,
    ) -> Personality:
        """Edit texts of a personality; each change creates a new version.

        `base` is the version that the texts were typed over: what they do not change of it stays as
        it is now.

        Raises:
            ChangedMeanwhile: Somebody else has changed the same texts since then.
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
            NameImpersonates, PersonalityNameTaken: The name is not available.
            BadAddress, TextEmpty, TextTooLong: A field is not valid.
            StillPublic: It is published, and would be renamed.
        """
        columns = definition.validate(texts)
        refuse_impersonating_names(columns, members)
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            if base is not None and base != personality.version:
                columns = await merge(session, personality, columns, base=base)
            is_renamed = columns.get("name", personality.name) != personality.name
            if is_renamed and is_public_or_pending(personality):
                raise StillPublic(personality.name)
            if columns.get("name", personality.name).lower() != personality.name.lower():
                await refuse_taken(session, columns["name"], personality.maker_id, personality_id)
            before = definition.snapshot(personality)
            for column, value in columns.items():
                setattr(personality, column, value)
            if definition.snapshot(personality) != before:
                personality.version += 1
                user = await get_or_create_user(session, actor)
                queries.add_version(session, personality, editor_id=user.id)
            return personality

    async def configure(
        self, actor: Actor, personality_id: UUID, **settings: Unpack[definition.PersonalitySettings]
    ) -> Personality:
        """Change settings of a personality; None keeps the current value.

        Raises:
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
            StillPublic: A published property would change, or it would become public.
            TextTooLong: The name of the language is too long.
        """
        if language := settings.get("language"):
            limit = definition.MAX_LANGUAGE
            settings["language"] = clean_name(language, field="language", limit=limit)
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            refuse_if_public(
                personality,
                visibility=settings.get("visibility"),
                age_restricted=settings.get("age_restricted"),
            )
            for column, value in settings.items():
                if value is not None:
                    setattr(personality, column, value)
            if settings.get("avatar_explicit"):
                mark_explicit(personality)
            return personality

    async def set_system_prompt(
        self, actor: Actor, personality_id: UUID, prompt_id: UUID | None
    ) -> None:
        """Change the system prompt of a personality; None is the default one.

        Raises:
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
        """
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            personality.system_prompt_id = prompt_id

    async def set_image_settings(
        self, actor: Actor, personality_id: UUID, settings: ImageSettings
    ) -> None:
        """Change how pictures of a personality are drawn.

        Raises:
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
            TextTooLong: There is more to avoid than may be.
        """
        avoid = clean_text(settings.avoid, field="what to avoid", limit=MAX_AVOIDED)
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            personality.image_settings = {
                **(personality.image_settings or {}),
                **settings.model_copy(update={"avoid": on_one_line(avoid)}).model_dump(),
            }

    async def set_voice_settings(
        self,
        actor: Actor,
        personality_id: UUID,
        settings: VoiceSettings,
        *,
        enabled: bool,
    ) -> None:
        """Change whether and how a personality speaks its answers.

        Raises:
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
            TextTooLong: The name of the voice, or the style, is too long.
        """
        voice = clean_text(settings.voice, field="voice", limit=MAX_VOICE)
        style = clean_text(settings.style, field="style", limit=MAX_STYLE)
        cleaned = {"voice": on_one_line(voice), "style": on_one_line(style)}
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            personality.voice_enabled = enabled
            personality.voice_settings = {
                **(personality.voice_settings or {}),
                **settings.model_copy(update=cleaned).model_dump(),
            }

    async def delete(self, actor: Actor, personality_id: UUID) -> None:
        """Soft-delete a personality. The bot owner may delete any.

        Raises:
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted already.
        """
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            if self._on_delete:
                await self._on_delete(session, [personality.id])
            await queries.soft_delete(session, personality.id)

    async def check_owner(self, actor: Actor, personality_id: UUID) -> None:
        """Check that the actor owns a personality, or is the bot owner.

        Raises:
            OwnersOnly: The actor is neither.
            PersonalityNotFound: It was deleted.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)

    async def add_alias(
        self, actor: Actor, personality_id: UUID, alias: str, *, members: Iterable[str] = ()
    ) -> str:
        """Add an alias to a personality; `members` are names of people that it may not take.

        Raises:
            OwnersOnly: The actor is not an owner.
            NameImpersonates, PersonalityNameTaken: The name is not available.
            TextEmpty, TextTooLong: The alias is not a valid name.
        """
        name = clean_name(alias, field="alias")
        refuse_impersonation(name, members)
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            await refuse_taken(session, name, personality.maker_id)
            await check_quota(session, self._quotas, Owned.ALIASES, personality_id, actor=actor)
            session.add(PersonalityAlias(personality_id=personality_id, alias=name))
            return name

    async def remove_alias(self, actor: Actor, personality_id: UUID, alias: str) -> None:
        """Remove an alias of a personality.

        Raises:
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It has no such alias.
        """
        async with self._sessions.begin() as session:
            await get_owned(session, actor, personality_id)
            if not await queries.remove_alias(session, personality_id, alias):
                raise PersonalityNotFound(alias)

    async def add_owner(self, actor: Actor, personality_id: UUID, other: Actor) -> None:
        """Add another person, who has agreed, as an owner of a personality.

        Raises:
            OwnersOnly: The actor is not an owner.
        """
        async with self._sessions.begin() as session:
            await get_owned(session, actor, personality_id)
            user = await get_or_create_user(session, other)
            await queries.add_owner(session, personality_id, user.id)

    async def remove_owner(self, actor: Actor, personality_id: UUID, other: Actor) -> None:
        """Remove an owner of a personality.

        Raises:
            LastOwner: It would have no owner left.
            MakersOnly: It would be its maker, who alone may go.
            OwnersOnly: The actor is not an owner.
        """
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            owners = await queries.owners(session, personality_id)
            maker = next((each for each in owners if each.id == personality.maker_id), None)
            is_maker = maker is not None and maker.discord_id == other.discord_id
            if is_maker and actor.discord_id != other.discord_id and not actor.is_bot_owner:
                raise MakersOnly(personality.name)
            if all(owner.discord_id == other.discord_id for owner in owners):
                raise LastOwner(personality.name)
            for owner in owners:
                if owner.discord_id == other.discord_id:
                    await queries.remove_owner(session, personality_id, owner.id)
            if is_maker:
                await queries.pass_on(session, [personality_id])
