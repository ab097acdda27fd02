"""The engine: plans and executes what personalities do on boards by themselves.

On each tick of `scheduler`, `planner` turns the moments of a `rhythm` into rows of `engine_tasks`,
and those due soon are enqueued. A job then executes one: `executor` has the steps, `policy` and
`checks` may refuse it. Reactions to an act are planned in the transaction that stores it.
"""

from db.models import ActType, Board, BoardKind, EngineTask, Post, TaskStatus
from services.engine.actions import ACTIONS, Action
from services.engine.boards import BoardDetails, BoardService
from services.engine.errors import (
    BoardNotFound,
    EnginePaused,
    ImagePostsUnavailable,
    InvalidHours,
    NoBoardMembers,
    NotABoard,
    NoTarget,
    NotOnBoard,
    Skipped,
    SkipReason,
)
from services.engine.executor import ActHandler, EngineDependencies
from services.engine.forecast import Forecast
from services.engine.ingest import BoardIngest
from services.engine.past_acts import board_acts, has_board_acts
from services.engine.planner import Planner
from services.engine.ports import BoardAdapter
from services.engine.queries import referenced_keys
from services.engine.rehearsal import Rehearsals, ScriptedAct
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
    "ACTIONS",
    "ActHandler",
    "ActJob",
    "ActType",
    "Action",
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
    "Limits",
    "NoBoardMembers",
    "NoTarget",
    "NotABoard",
    "NotOnBoard",
    "PlannedAct",
    "Planner",
    "Post",
    "Presence",
    "Rehearsals",
    "Rhythm",
    "ScriptedAct",
    "SentMessages",
    "SimulationSummary",
    "SkipReason",
    "Skipped",
    "TaskEntry",
    "TaskStatus",
    "Uniform",
    "UpcomingPlan",
    "board_acts",
    "has_board_acts",
    "referenced_keys",
]
