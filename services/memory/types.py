"""Types of recalled memories."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class RetrievedMemory:
    """A memory that matches a message. `score` is between 0 and 1."""

    id: UUID
    content: str
    created_at: datetime
    score: float
