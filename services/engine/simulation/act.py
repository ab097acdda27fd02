"""What a simulation did."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.models import ActType


@dataclass(frozen=True, kw_only=True)
class SimulatedAct:
    """An act in a simulation.

    `answered_at` is the time of its target, `depth` that of the comment or reply.
    """

    personality_id: UUID
    kind: ActType
    at: datetime
    text: str = ""
    target: UUID | None = None
    answered_at: datetime | None = None
    depth: int = 0
