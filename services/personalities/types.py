"""Types of the personality service besides rows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, SystemPrompt, User

# Called in the same transaction before personalities are deleted, to delete dependent data.
DeletionHook: TypeAlias = Callable[[AsyncSession, Sequence[UUID]], Awaitable[None]]


@dataclass(frozen=True)
class PersonalityDetails:
    """A personality with its aliases, owners and system prompt."""

    personality: Personality
    aliases: Sequence[str]
    owners: Sequence[User]
    system_prompt: SystemPrompt | None


@dataclass(frozen=True)
class CardFile:
    """An exported character card."""

    filename: str
    data: bytes
