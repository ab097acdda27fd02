"""Management of personas."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from db.models import Persona, User
from db.session import Sessions
from services.access import Owned, Quotas, check_quota
from services.errors import BotOwnerOnly
from services.people import queries
from services.people.errors import LastPersona, PersonaNameTaken, PersonaNotFound, UserNotFound
from services.texts import clean_name, clean_optional, clean_text
from services.time_zones import parse_time_zone, zone_of_locale
from services.types import Actor


@dataclass(frozen=True, kw_only=True)
class PersonaInput:
    """A user's input for a persona, not validated yet."""

    name: str
    content: str = ""
    description: str | None = None
    preferred_name: str | None = None
    pronouns: str | None = None

    def validate(self) -> dict[str, str | None]:
        """Return the columns of a persona.

        Raises:
            TextEmpty: The name is empty.
            TextTooLong: A field is too long.
        """
        name = clean_name(self.name)
        return {
            "name": name,
            "content": clean_text(self.content, field="backstory", limit=2000),
            "description": clean_optional(self.description, field="description", limit=200),
            "preferred_name": (
                clean_name(self.preferred_name, field="preferred name")
                if self.preferred_name and self.preferred_name.strip()
                else None
            ),
            "pronouns": clean_optional(self.pronouns, field="pronouns", limit=80),
        }


@dataclass(frozen=True)
class PersonaList:
    """A user's personas and the id of the default one."""

    personas: Sequence[Persona]
    default_id: UUID | None


@dataclass(frozen=True)
class OwnedPersona:
    """A persona, and the name and Discord id of its user."""

    persona: Persona
    user: str
    discord_id: int
    is_default: bool


class PeopleService:
    """Creates, edits, selects and deletes personas."""

    def __init__(self, sessions: Sessions, quotas: Quotas | None = None) -> None:
        self._sessions = sessions
        self._quotas = quotas or Quotas()

    async def time_zone(self, actor: Actor) -> tuple[str | None, bool]:
        """Return the actor's time zone, and whether they have set it; else it is a guess."""
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
        zone = user.time_zone or zone_of_locale(user.locale)
        return zone, user.time_zone is not None

    async def set_time_zone(self, actor: Actor, name: str) -> str:
        """Set the time zone by which the actor writes times, and personalities go with them.

        Raises:
            UnknownTimeZone: There is no time zone of this name.
        """
        zone = parse_time_zone(name).key
        async with self._sessions.begin() as session:
            (await queries.get_or_create_user(session, actor)).time_zone = zone
        return zone

    async def find_actor(self, discord_id: int) -> Actor:
        """Return a user by their Discord id, with no permissions anywhere.

        Raises:
            UserNotFound: They have not used the bot yet.
        """
        async with self._sessions() as session:
            name = await session.scalar(select(User.username).where(User.discord_id == discord_id))
        if name is None:
            raise UserNotFound(discord_id)
        return Actor(discord_id=discord_id, name=name)

    async def list_personas(self, actor: Actor) -> PersonaList:
        """Return the actor's personas."""
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
            personas = await queries.of_owner(session, user.id)
            return PersonaList(personas, await queries.default_of(session, user.id))

    async def list_all(self, actor: Actor) -> Sequence[OwnedPersona]:
        """Return all users' personas, user by user.

        Raises:
            BotOwnerOnly: The actor does not own the bot.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        async with self._sessions() as session:
            rows = await queries.all_personas(session)
        return [OwnedPersona(*row) for row in rows]

    async def names(self, discord_id: int, *, prefix: str, limit: int = 25) -> Sequence[str]:
        """Return names of a user's personas, for autocomplete."""
        async with self._sessions() as session:
            return await queries.names(session, discord_id, prefix, limit)

    async def create(self, actor: Actor, persona_input: PersonaInput) -> Persona:
        """Create a persona.

        Raises:
            PersonaNameTaken: The actor already has one of that name.
            QuotaReached: They have as many as they may.
            TextEmpty, TextTooLong: A field is not valid.
        """
        values = persona_input.validate()
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
            await check_quota(session, self._quotas, Owned.PERSONAS, user.id, actor=actor)
            persona = await queries.insert_if_free(session, owner_id=user.id, **values)
            if persona is None:
                raise PersonaNameTaken(persona_input.name)
            return persona

    async def edit(self, actor: Actor, persona_id: UUID, persona_input: PersonaInput) -> Persona:
        """Edit a persona.

        Raises:
            PersonaNotFound: It is not the actor's, or was deleted.
            PersonaNameTaken: The actor has another one of that name.
            TextEmpty, TextTooLong: A field is not valid.
        """
        values = persona_input.validate()
        try:
            async with self._sessions.begin() as session:
                user = await queries.get_or_create_user(session, actor)
                persona = await session.get(Persona, persona_id)
                if persona is None or persona.owner_id != user.id:
                    raise PersonaNotFound(persona_input.name)
                for column, value in values.items():
                    setattr(persona, column, value)
                return persona
        except IntegrityError as error:
            raise PersonaNameTaken(persona_input.name) from error

    async def get(self, actor: Actor, name: str) -> Persona:
        """Return the actor's persona of that name.

        Raises:
            PersonaNotFound: There is none.
        """
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
            persona = await queries.find(session, user.id, name)
            if persona is None:
                raise PersonaNotFound(name)
            return persona

    async def get_by_id(self, actor: Actor, persona_id: UUID) -> Persona:
        """Return a persona of the actor.

        Raises:
            PersonaNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
            persona = await session.get(Persona, persona_id)
            if persona is None or persona.owner_id != user.id:
                raise PersonaNotFound("that")
            return persona

    async def set_default(self, persona: Persona) -> None:
        """Make a persona its owner's default."""
        async with self._sessions.begin() as session:
            await queries.set_default(session, persona.owner_id, persona.id)

    async def set_for_personality(self, persona: Persona, personality_id: UUID) -> None:
        """Use a persona with one personality."""
        async with self._sessions.begin() as session:
            await queries.set_override(
                session, persona.owner_id, personality_id, persona_id=persona.id
            )

    async def clear_for_personality(self, actor: Actor, personality_id: UUID) -> None:
        """Use the default persona with a personality again."""
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
            await queries.set_override(session, user.id, personality_id, persona_id=None)

    async def delete(self, persona: Persona) -> None:
        """Delete a persona. If it was the default, the oldest of the others becomes the default.

        Raises:
            LastPersona: It is the only one.
        """
        async with self._sessions.begin() as session:
            default_id = await queries.lock_default(session, persona.owner_id)
            personas = await queries.of_owner(session, persona.owner_id)
            others = [other for other in personas if other.id != persona.id]
            if not others:
                raise LastPersona(persona.name)
            if default_id == persona.id:
                await queries.set_default(session, persona.owner_id, others[0].id)
            await queries.remove(session, persona.id)
