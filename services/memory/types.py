"""What is remembered, and where it may be recalled."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.models import Venue


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel as conversations see it. `guild_id` is None in a DM.

    `parent_id` is the channel of a thread. `age_restricted` counts a thread's parent.
    """

    channel_id: int
    guild_id: int | None
    venue: Venue
    parent_id: int | None = None
    age_restricted: bool = False


@dataclass(frozen=True, kw_only=True)
class RecalledMemory:
    """A memory that fits what is being said. `score` lies between 0 and 1."""

    id: UUID
    content: str
    created_at: datetime
    score: float
