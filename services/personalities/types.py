"""Types of the personality service besides rows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import LlmConfig, Personality, SystemPrompt, User
from services.personalities.card_notes import CardNote
from services.personalities.ratings import ModelRating
from services.types import Actor


class CardBooks(Protocol):
    """Stores the lorebooks of cards."""

    async def add(
        self, session: AsyncSession, actor: Actor, maker_id: UUID, personality_id: UUID, book: Any
    ) -> Sequence[CardNote]:
        """Store the book of a card for a personality; return what is different from the card."""
        ...

    async def find(self, session: AsyncSession, personality_id: UUID) -> dict[str, Any] | None:
        """Return the books of a personality as the book of a card, if it has any."""
        ...

    def normalized(self, book: Any) -> dict[str, Any] | None:
        """Return the book of a card as `find` returns it while nothing is changed."""
        ...


# Called in the same transaction before personalities are deleted, to delete dependent data.
DeletionHook: TypeAlias = Callable[[AsyncSession, Sequence[UUID]], Awaitable[None]]


@dataclass(frozen=True)
class PersonalityDetails:
    """A personality with its aliases, owners, system prompt and config; None is the default one.

    `is_hidden` is set if whoever looks at it may not read its definition. `ratings` of its answers
    are for its owners.
    """

    personality: Personality
    aliases: Sequence[str]
    owners: Sequence[User]
    system_prompt: SystemPrompt | None
    default_config: LlmConfig | None = None
    is_hidden: bool = False
    ratings: Sequence[ModelRating] = ()


@dataclass(frozen=True)
class CardFile:
    """An exported character card."""

    filename: str
    data: bytes


class CardKind(StrEnum):
    """As what a personality is exported: JSON, the file that it came from, or CharX."""

    JSON = "json"
    FILE = "file"
    CHARX = "charx"


@dataclass(frozen=True)
class ImportedCard:
    """A personality from a card, what did not come over whole, and the alias that it got."""

    personality: Personality
    notes: Sequence[CardNote]
    alias: str | None
