"""Making, changing and sharing personalities."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import Unpack

from db.models import Personality, PersonalityAlias, PersonalityCard
from db.session import Sessions
from services.people import get_or_create_user
from services.personalities import cards, definition, queries, transcripts
from services.personalities.errors import (
    LastOwner,
    NoCardImage,
    PersonalityNameTaken,
    PersonalityNotFound,
    StillPublic,
)
from services.personalities.guards import is_settled, owned, rate_explicit, refuse_if_public
from services.personalities.names import refuse_impersonation, slugify
from services.personalities.types import CardFile, Leaving, PersonalityDetails
from services.texts import clean_name
from services.types import Actor


class PersonalityService:
    """What people do with personalities. Whoever may not see one is told that it does not exist."""

    def __init__(self, sessions: Sessions, *, leaving: Leaving | None = None) -> None:
        self._sessions = sessions
        self._leaving = leaving

    async def names(
        self, discord_id: int, channel_id: int | None, *, typed: str, limit: int = 25
    ) -> Sequence[str]:
        """Return names of personalities a person may call, for suggestions."""
        async with self._sessions() as session:
            return await queries.names(session, discord_id, channel_id, typed, limit)

    async def find(self, name: str, *, discord_id: int, channel_id: int | None) -> Personality:
        """Return the personality that answers to a name, an alias or a slug.

        Raises:
            PersonalityNotFound: Nobody does, or not to this person in this channel.
        """
        async with self._sessions() as session:
            allowed = queries.callable_by(discord_id, channel_id)
            personality = await queries.find(session, name, allowed)
            if personality is None:
                raise PersonalityNotFound(name)
            return personality

    async def find_own(self, actor: Actor, name: str) -> Personality:
        """Return the actor's personality of this name, or raise `PersonalityNotFound`."""
        whose = () if actor.is_bot_owner else (queries.owned_by(actor.discord_id),)
        async with self._sessions() as session:
            if personality := await queries.find(session, name, *whose):
                return personality
        raise PersonalityNotFound(name)

    async def listed(
        self, actor: Actor, *, age_restricted: bool
    ) -> Sequence[tuple[Personality, bool]]:
        """Return the actor's personalities and those everyone sees here, with whose they are."""
        async with self._sessions() as session:
            return await queries.listed(session, actor.discord_id, age_restricted=age_restricted)

    async def details(
        self, actor: Actor, personality: Personality, *, age_restricted: bool = True
    ) -> PersonalityDetails:
        """Return a personality with what belongs to it; others than its owners see it as published.

        `personality` belongs to no session; `age_restricted` is the place where it is looked at.

        Raises:
            PersonalityNotFound: It is not to be seen there.
        """
        async with self._sessions() as session:
            if not await queries.is_owner(session, personality.id, actor.discord_id):
                if personality.age_restricted and not age_restricted:
                    raise PersonalityNotFound(personality.name)
                if published := await queries.published(session, personality):
                    definition.as_published(personality, published)
            return PersonalityDetails(
                personality,
                await queries.aliases(session, personality.id),
                await queries.owners(session, personality.id),
                await queries.own_prompt(session, personality),
            )

    async def create(
        self, actor: Actor, texts: Mapping[str, str | None], *, members: Iterable[str] = ()
    ) -> Personality:
        """Invent a personality; the actor owns it. `members` are names nobody may pretend to be.

        Raises:
            NameImpersonates, PersonalityNameTaken: The name cannot be had.
            BadAddress, TextEmpty, TextTooLong: A field is not as it may be.
        """
        columns = definition.checked(texts)
        _refuse_impersonation(columns, members)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            return await _add(session, user.id, columns)

    async def edit(
        self,
        actor: Actor,
        personality_id: UUID,
        texts: Mapping[str, str | None],
        *,
        members: Iterable[str] = (),
    ) -> Personality:
        """Change texts of a personality; each change is a new version.

        Raises:
            OwnersOnly: It is not the actor's.
            PersonalityNotFound: It is gone.
            NameImpersonates, PersonalityNameTaken: The name cannot be had.
            BadAddress, TextEmpty, TextTooLong: A field is not as it may be.
            StillPublic: It is published under its name.
        """
        columns = definition.checked(texts)
        _refuse_impersonation(columns, members)
        async with self._sessions.begin() as session:
            personality = await owned(session, actor, personality_id)
            is_renamed = columns.get("name", personality.name) != personality.name
            if is_renamed and is_settled(personality):
                raise StillPublic(personality.name)
            if columns.get("name", personality.name).lower() != personality.name.lower():
                await _refuse_taken(session, columns["name"], personality_id)
            before = definition.snapshot(personality)
            for column, value in columns.items():
                setattr(personality, column, value)
            if definition.snapshot(personality) != before:
                personality.version += 1
                queries.add_version(session, personality)
            return personality

    async def configure(
        self, actor: Actor, personality_id: UUID, **settings: Unpack[definition.PersonalitySettings]
    ) -> Personality:
        """Change settings of a personality; None leaves one as it is.

        Raises:
            OwnersOnly: It is not the actor's.
            PersonalityNotFound: It is gone.
            StillPublic: It is public, and that belongs to what is published.
        """
        async with self._sessions.begin() as session:
            personality = await owned(session, actor, personality_id)
            refuse_if_public(
                personality,
                visibility=settings.get("visibility"),
                age_restricted=settings.get("age_restricted"),
            )
            for column, value in settings.items():
                if value is not None:
                    setattr(personality, column, value)
            if settings.get("avatar_explicit"):
                rate_explicit(personality)
            return personality

    async def delete(self, actor: Actor, personality_id: UUID) -> None:
        """Delete a personality. The bot's owner may delete any.

        Raises:
            OwnersOnly: It is not the actor's.
            PersonalityNotFound: It is gone already.
        """
        async with self._sessions.begin() as session:
            personality = await owned(session, actor, personality_id)
            if self._leaving:
                await self._leaving(session, [personality.id])
            await queries.soft_delete(session, personality.id)

    async def check_owner(self, actor: Actor, personality_id: UUID) -> None:
        """See that a personality is the actor's, or the actor runs the bot.

        Raises:
            OwnersOnly: Neither.
            PersonalityNotFound: It is gone.
        """
        async with self._sessions() as session:
            await owned(session, actor, personality_id)

    async def add_alias(self, actor: Actor, personality_id: UUID, alias: str) -> str:
        """Give a personality another name to answer to.

        Raises:
            OwnersOnly: It is not the actor's.
            NameImpersonates, PersonalityNameTaken: The name cannot be had.
            TextEmpty, TextTooLong: The alias is no name.
        """
        name = clean_name(alias, field="alias")
        refuse_impersonation(name)
        async with self._sessions.begin() as session:
            await owned(session, actor, personality_id)
            await _refuse_taken(session, name, None)
            session.add(PersonalityAlias(personality_id=personality_id, alias=name))
            return name

    async def remove_alias(self, actor: Actor, personality_id: UUID, alias: str) -> None:
        """Take an alias away.

        Raises:
            OwnersOnly: The personality is not the actor's.
            PersonalityNotFound: It has no such alias.
        """
        async with self._sessions.begin() as session:
            await owned(session, actor, personality_id)
            if not await queries.remove_alias(session, personality_id, alias):
                raise PersonalityNotFound(alias)

    async def add_owner(self, actor: Actor, personality_id: UUID, other: Actor) -> None:
        """Share a personality with another person.

        Raises:
            OwnersOnly: It is not the actor's.
        """
        async with self._sessions.begin() as session:
            await owned(session, actor, personality_id)
            user = await get_or_create_user(session, other)
            await queries.add_owner(session, personality_id, user.id)

    async def remove_owner(self, actor: Actor, personality_id: UUID, other: Actor) -> None:
        """Take a personality away from one of its owners.

        Raises:
            LastOwner: There would be none left.
            OwnersOnly: It is not the actor's.
        """
        async with self._sessions.begin() as session:
            personality = await owned(session, actor, personality_id)
            owners = await queries.owners(session, personality_id)
            if all(owner.discord_id == other.discord_id for owner in owners):
                raise LastOwner(personality.name)
            for owner in owners:
                if owner.discord_id == other.discord_id:
                    await queries.remove_owner(session, personality_id, owner.id)

    async def import_card(
        self, actor: Actor, data: bytes, *, members: Iterable[str] = ()
    ) -> Personality:
        """Make a personality from a character card and keep the card.

        Raises:
            CardTooLarge, NotACard: The file is no card that can be read.
            NameImpersonates, PersonalityNameTaken: The name cannot be had.
            TextEmpty, TextTooLong: A field is not as it may be.
        """
        card = cards.read(data)
        columns = transcripts.columns_of(card)
        _refuse_impersonation(columns, members)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            personality = await _add(session, user.id, columns)
            await queries.set_card(session, personality.id, card.document, card.image)
            return personality

    async def export_card(self, actor: Actor, personality_id: UUID, *, as_png: bool) -> CardFile:
        """Write a personality into a character card.

        Raises:
            NoCardImage: A PNG was asked for, but it was imported from none.
            OwnersOnly: It is not the actor's.
        """
        async with self._sessions() as session:
            personality = await owned(session, actor, personality_id)
            card = await session.get(PersonalityCard, personality_id)
        document = card.document if card else None
        values, extension = transcripts.values_of(personality, document)
        if not as_png:
            written = cards.write(document, values, extension)
            return CardFile(f"{personality.slug}.json", written.encode())
        if card is None or card.image is None:
            raise NoCardImage(personality.name)
        written = cards.write_png(card.image, values, extension)
        return CardFile(f"{personality.slug}.png", written)


def _refuse_impersonation(columns: Mapping[str, Any], members: Iterable[str]) -> None:
    shown = list(members)
    for field in ("name", "display_name"):
        if columns.get(field):
            refuse_impersonation(columns[field], shown)


async def _refuse_taken(session: AsyncSession, name: str, except_id: UUID | None) -> None:
    await queries.lock_names(session)
    if await queries.is_taken(session, name, except_id):
        raise PersonalityNameTaken(name)


async def _add(session: AsyncSession, owner_id: UUID, columns: dict[str, Any]) -> Personality:
    await _refuse_taken(session, columns["name"], None)
    return await queries.add(session, owner_id, slug=slugify(columns["name"]), **columns)
