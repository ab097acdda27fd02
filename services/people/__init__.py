"""Users and their personas."""

from db.models import Persona, User
from services.people.errors import LastPersona, PersonaNameTaken, PersonaNotFound, UserNotFound
from services.people.queries import get_or_create_user, set_override
from services.people.service import PeopleService, PersonaInput, PersonaList

__all__ = [
    "LastPersona",
    "PeopleService",
    "Persona",
    "PersonaInput",
    "PersonaList",
    "PersonaNameTaken",
    "PersonaNotFound",
    "User",
    "UserNotFound",
    "get_or_create_user",
    "set_override",
]
