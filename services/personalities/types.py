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
    """A personality with its aliases, owners and system prompt.

    `is_hidden` is set if whoever looks at it may not read its definition.
    """

    personality: Personality
    aliases: Sequence[str]
    owners: Sequence[User]
    system_prompt: SystemPrompt | None
    is_hidden: bool = False


@dataclass(frozen=True)
class CardFile:
    """An exported character card."""

    filename: str
    data: bytes
