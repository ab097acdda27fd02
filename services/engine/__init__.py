"""The persona engine: decides what personalities do by themselves, and does it.

A tick of `loop` lets `planner` turn moments of a `rhythm` into rows of `engine_tasks` and promises
what is due soon. A job then sees one through: `acting` says in which steps, `notebook` keeps them.
What follows from what was said is planned in the same transaction as it is written down.
"""

from db.models import ActType, Board, BoardKind, EngineTask, Post, TaskStatus
from services.engine.boards import BoardService, BoardSheet
from services.engine.errors import (
    BadHours,
    BadTimeZone,
    BoardNotFound,
    NobodyOnBoard,
    NoPainter,
    NotABoard,
    NothingToActOn,
    NotSeated,
    Paused,
    Reason,
    Skipped,
)
from services.engine.forecast import Forecast
from services.engine.handler import ActHandler
from services.engine.hearing import BoardEar
from services.engine.loop import EngineLoop, Tempo
from services.engine.notebook import Desk
from services.engine.planner import Planner
from services.engine.ports import BoardStage
from services.engine.reports import Entry, Plan, Simulated, Status
from services.engine.rhythm import Presence, Rhythm, Uniform
from services.engine.service import EngineService
from services.engine.types import Delays, Enclosed, Intent, Limits, Spoken, Where

__all__ = [
    "ActHandler",
    "ActType",
    "BadHours",
    "BadTimeZone",
    "Board",
    "BoardEar",
    "BoardKind",
    "BoardNotFound",
    "BoardService",
    "BoardSheet",
    "BoardStage",
    "Delays",
    "Desk",
    "Enclosed",
    "EngineLoop",
    "EngineService",
    "EngineTask",
    "Entry",
    "Forecast",
    "Intent",
    "Limits",
    "NoPainter",
    "NobodyOnBoard",
    "NotABoard",
    "NotSeated",
    "NothingToActOn",
    "Paused",
    "Plan",
    "Planner",
    "Post",
    "Presence",
    "Reason",
    "Rhythm",
    "Simulated",
    "Skipped",
    "Spoken",
    "Status",
    "TaskStatus",
    "Tempo",
    "Uniform",
    "Where",
]
