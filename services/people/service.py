"""Users and who they are to the personalities."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from db.models import Persona
from db.session import Sessions
from services.people import queries
from services.people.errors import LastPersona, PersonaNameTaken, PersonaNotFound
from services.texts import clean_name, clean_optional, clean_text
from services.types import Actor


@dataclass(frozen=True, kw_only=True)
class PersonaInput:
    """What a user says of a persona, not yet checked."""

    name: str
    content: str = ""
    description: str | None = None
    preferred_name: str | None = None
    pronouns: str | None = None

    def checked(self) -> dict[str, str | None]:
        """Return the columns of a persona.

        Raises:
            TextEmpty: The name says nothing.
            TextTooLong: A field is longer than it may be.
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
    """A user's personas and which of them is the default."""

    personas: Sequence[Persona]
    default_id: UUID | None


class PeopleService:
    """What users do with their personas."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def list_personas(self, actor: Actor) -> PersonaList:
        """Return the actor's personas."""
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
            personas = await queries.of_owner(session, user.id)
            return PersonaList(personas, await queries.default_of(session, user.id))

    async def names(self, discord_id: int, *, prefix: str, limit: int = 25) -> Sequence[str]:
        """Return names of a user's personas, for suggestions."""
        async with self._sessions() as session:
            return await queries.names(session, discord_id, prefix, limit)

    async def create(self, actor: Actor, draft: PersonaInput) -> Persona:
        """Invent a persona.

        Raises:
            PersonaNameTaken: The actor has one of that name.
            TextEmpty, TextTooLong: A field is not as it may be.
        """
        values = draft.checked()
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
            persona = await queries.insert_if_free(session, owner_id=user.id, **values)
            if persona is None:
                raise PersonaNameTaken(draft.name)
            return persona

    async def edit(self, actor: Actor, persona_id: UUID, draft: PersonaInput) -> Persona:
        """Change a persona.

        Raises:
            PersonaNotFound: It is not the actor's, or gone.
            PersonaNameTaken: The actor has another one of that name.
            TextEmpty, TextTooLong: A field is not as it may be.
        """
        values = draft.checked()
        try:
            async with self._sessions.begin() as session:
                user = await queries.get_or_create_user(session, actor)
                persona = await session.get(Persona, persona_id)
                if persona is None or persona.owner_id != user.id:
                    raise PersonaNotFound(draft.name)
                for column, value in values.items():
                    setattr(persona, column, value)
                return persona
        except IntegrityError as error:
            raise PersonaNameTaken(draft.name) from error

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

    async def set_default(self, persona: Persona) -> None:
        """Wear a persona wherever no other was chosen."""
        async with self._sessions.begin() as session:
            await queries.set_default(session, persona.owner_id, persona.id)

    async def use(self, persona: Persona, personality_id: UUID) -> None:
        """Wear a persona for one personality."""
        async with self._sessions.begin() as session:
            await queries.set_override(
                session, persona.owner_id, personality_id, persona_id=persona.id
            )

    async def clear(self, actor: Actor, personality_id: UUID) -> None:
        """Wear the default persona for a personality again."""
        async with self._sessions.begin() as session:
            user = await queries.get_or_create_user(session, actor)
            await queries.set_override(session, user.id, personality_id, persona_id=None)

    async def delete(self, persona: Persona) -> None:
        """Forget a persona. Was it the default, the oldest of the others becomes it.

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
