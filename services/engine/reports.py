"""Reports about the engine for operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.models import Board, EngineTask
from services.engine.simulation import Figure


@dataclass(frozen=True, kw_only=True)
class TaskEntry:
    """A task with the name of its personality and the channel of its board."""

    task: EngineTask
    name: str
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The cost and number of acts of a board today."""

    board: Board
    spent_usd: float
    acts: int


@dataclass(frozen=True, kw_only=True)
class UpcomingPlan:
    """The pending tasks, and the moments at which each personality will be present.

    What it does at a moment is decided only then, because it depends on what was sent before.
    """

    now: datetime
    waiting: Sequence[TaskEntry]
    moments: dict[str, list[datetime]]


@dataclass(frozen=True, kw_only=True)
class SimulationSummary:
    """What came of a simulation; without figures where too little was done."""

    days: int
    acts: int
    figures: Sequence[Figure]


@dataclass(frozen=True, kw_only=True)
class EngineStatus:
    """The acts in a span of time with their cost, and the number of pending tasks."""

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
