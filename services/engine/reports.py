"""What operators are told of the engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.models import Board, EngineTask
from services.engine.simulation import Figure


@dataclass(frozen=True, kw_only=True)
class TaskEntry:
    """A task with the name of whoever does it, and the channel of its board."""

    task: EngineTask
    name: str
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a board has spent today."""

    board: Board
    spent_usd: float
    acts: int


@dataclass(frozen=True, kw_only=True)
class UpcomingPlan:
    """What waits, and when each personality will be there.

    What it will do then is seen only when it comes: it depends on what is said until then.
    """

    now: datetime
    waiting: Sequence[TaskEntry]
    ahead: dict[str, list[datetime]]


@dataclass(frozen=True, kw_only=True)
class SimulationSummary:
    """What came of a simulation; without figures where too little was done."""

    days: int
    acts: int
    figures: Sequence[Figure]


@dataclass(frozen=True, kw_only=True)
class EngineStatus:
    """What the engine did in a span of time, what waits, and what it cost."""

    now: datetime
    since: datetime
    paused_at: datetime | None
    boards: int
    counts: dict[tuple[str, str], int]
    reasons: dict[str, int]
    waiting: int
    cost_usd: float
    tokens_in: int
    tokens_out: int
    done: Sequence[TaskEntry]
