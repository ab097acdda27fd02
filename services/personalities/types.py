"""What the service hands out besides rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.models import Personality, SystemPrompt, User


@dataclass(frozen=True)
class Portrait:
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
