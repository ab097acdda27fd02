"""What the service hands out besides rows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, SystemPrompt, User

# Deletes what others keep of personalities that are deleted.
Leaving: TypeAlias = Callable[[AsyncSession, Sequence[UUID]], Awaitable[None]]


@dataclass(frozen=True)
class PersonalityDetails:
    """A personality with what belongs to it."""

    personality: Personality
    aliases: Sequence[str]
    owners: Sequence[User]
    system_prompt: SystemPrompt | None


@dataclass(frozen=True)
class CardFile:
    """A character card to hand out."""

    filename: str
    data: bytes
