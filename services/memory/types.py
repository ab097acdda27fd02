"""What is remembered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class RecalledMemory:
    """A memory that fits what is being said. `score` lies between 0 and 1."""

    id: UUID
    content: str
    created_at: datetime
    score: float
