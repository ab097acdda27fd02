"""Users, and who they are to the personalities."""

from db.models import Persona, User
from services.people.errors import LastPersona, PersonaNameTaken, PersonaNotFound
from services.people.queries import enter, set_override
from services.people.service import PeopleService, PersonaDraft, Wardrobe
from services.people.types import Actor

__all__ = [
    "Actor",
    "LastPersona",
    "PeopleService",
    "Persona",
    "PersonaDraft",
    "PersonaNameTaken",
    "PersonaNotFound",
    "User",
    "Wardrobe",
    "enter",
    "set_override",
]
