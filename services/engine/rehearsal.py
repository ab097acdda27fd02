"""Rehearsals: scenes that were written in advance, performed on a board act by act.

The acts are those of the engine, with its policy, records and affinities; only their texts come
from a script, and nobody reacts to them by themselves.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from typing_extensions import override

from db.models import ActType, Board, EngineTask, Personality, TaskStatus
from db.session import Sessions
from services.engine.executor import ActHandler, EngineDependencies
from services.engine.planner import Planner
from services.engine.ports import ActStore
from services.engine.rhythm import Uniform
from services.engine.scheduler import ActJob
from services.engine.service import EngineService
from services.engine.types import (
    ActContent,
    ActContext,
    BoardItem,
    Delays,
    EngineSnapshot,
    PlannedAct,
)
from services.engine.writing import Writer
from services.jobs import JobMetrics, Worker
from services.types import Actor

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.01
_MAX_SECONDS: Final = 20.0
_OPEN: Final = (TaskStatus.PENDING, TaskStatus.RUNNING)


@dataclass(frozen=True, kw_only=True)
class ScriptedAct:
    """An act of a script, `before` its end. It answers the act at the index `answers`."""

    personality: str
    kind: ActType
    before: timedelta
    text: str = ""
    answers: int | None = None


class _ScriptedWriter(Writer):
    """Returns the line of the act that is being performed."""

    line = ""

    @override
    async def write(
        self, store: ActStore, context: ActContext, *, name: str, min_words: int = 2
    ) -> ActContent:
        return ActContent(text=self.line, is_rehearsed=True)


class _NoReactions(Planner):
    """Plans only what is asked for."""

    @override
    def reactions(
        self, snapshot: EngineSnapshot, item: BoardItem, target: BoardItem | None
    ) -> list[PlannedAct]:
        return []


class Rehearsals:
    """Performs scripts on boards, while no other worker runs."""

    def __init__(
        self,
        dependencies: EngineDependencies,
        engine: EngineService,
        describe: Callable[[BaseException], str],
    ) -> None:
        planner = _NoReactions(Uniform(Delays()), dependencies.limits)
        self._dependencies = replace(dependencies, planner=planner)
        self._sessions: Sessions = dependencies.sessions
        self._engine = engine
        self._describe = describe

    async def perform(
        self,
        actor: Actor,
        board: Board,
        members: Sequence[Personality],
        script: Sequence[ScriptedAct],
        *,
        until: datetime,
        set_time: Callable[[datetime], None],
    ) -> int:
        """Perform a script that ends at `until`, setting the clock for each act; return how many.

        An act that the engine's policy refuses is left out, with what answers it.

        Raises:
            BotOwnerOnly: The actor is not the bot's owner.
        """
        slugs = {each.slug: each for each in members}
        writer = _ScriptedWriter(self._dependencies.models)
        worker = Worker(
            self._sessions,
            (ActHandler(self._dependencies, writer),),
            concurrency={ActJob.group: 1},
            describe=self._describe,
            metrics=JobMetrics(),
        )
        results: list[EngineTask | None] = []
        async with worker.running():
            for act in script:
                target = results[act.answers] if act.answers is not None else None
                if act.answers is not None and target is None:
                    results.append(None)
                    continue
                set_time(until - act.before)
                writer.line = act.text
                task = await self._engine.trigger(
                    actor,
                    act.kind,
                    personality=slugs[act.personality],
                    board=board,
                    post_id=target.result_id if target and _is_post(target) else None,
                    comment_id=target.result_id if target and not _is_post(target) else None,
                )
                results.append(await self._wait(task.id))
        return sum(each is not None for each in results)

    async def _wait(self, task_id: UUID) -> EngineTask | None:
        """Wait until an act is over; return its task, or None if it was not done."""
        async with asyncio.timeout(_MAX_SECONDS):
            while True:
                async with self._sessions() as session:
                    task = await session.get_one(EngineTask, task_id)
                if task.status == TaskStatus.DONE:
                    return task
                if task.status not in _OPEN:
                    log.warning("A rehearsed act was not done: %s", task.reason)
                    return None
                await asyncio.sleep(_POLL_SECONDS)


def _is_post(task: EngineTask) -> bool:
    return task.result_type == "post"
