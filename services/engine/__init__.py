"""The persona engine: decides what personalities do by themselves, and does it.

A tick of `loop` lets `planner` turn moments of a `rhythm` into rows of `engine_tasks` and promises
what is due soon. A job then sees one through: `acting` says in which steps, `notebook` keeps them.
What follows from what was said is planned in the same transaction as it is written down.
"""

from db.models import ActType, Board, BoardKind, EngineTask, Post, TaskStatus
from services.engine.boards import BoardDetails, BoardService
from services.engine.errors import (
    BoardNotFound,
    EnginePaused,
    ImagePostsUnavailable,
    InvalidHours,
    InvalidTimeZone,
    NoBoardMembers,
    NotABoard,
    NoTarget,
    NotOnBoard,
    Skipped,
    SkipReason,
)
from services.engine.forecast import Forecast
from services.engine.handler import ActHandler
from services.engine.ingest import BoardIngest
from services.engine.notebook import EngineDependencies
from services.engine.planner import Planner
from services.engine.ports import BoardAdapter
from services.engine.reports import EngineStatus, SimulationSummary, TaskEntry, UpcomingPlan
from services.engine.rhythm import Presence, Rhythm, Uniform
from services.engine.scheduler import ActJob, EngineScheduler, EngineTiming
from services.engine.service import EngineService
from services.engine.types import (
    BoardLocation,
    Delays,
    ImageAttachment,
    Limits,
    PlannedAct,
    SentMessages,
)

__all__ = [
    "ActHandler",
    "ActJob",
    "ActType",
    "Board",
    "BoardAdapter",
    "BoardDetails",
    "BoardIngest",
    "BoardKind",
    "BoardLocation",
    "BoardNotFound",
    "BoardService",
    "Delays",
    "EngineDependencies",
    "EnginePaused",
    "EngineScheduler",
    "EngineService",
    "EngineStatus",
    "EngineTask",
    "EngineTiming",
    "Forecast",
    "ImageAttachment",
    "ImagePostsUnavailable",
    "InvalidHours",
    "InvalidTimeZone",
    "Limits",
    "NoBoardMembers",
    "NoTarget",
    "NotABoard",
    "NotOnBoard",
    "PlannedAct",
    "Planner",
    "Post",
    "Presence",
    "Rhythm",
    "SentMessages",
    "SimulationSummary",
    "SkipReason",
    "Skipped",
    "TaskEntry",
    "TaskStatus",
    "Uniform",
    "UpcomingPlan",
]
