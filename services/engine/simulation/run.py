"""The engine in memory on a simulated clock, which runs weeks in seconds.

Planner, policy, actions, checks and reactions are the engine's own; only storage, sending and the
language model are replaced.
"""

import heapq
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

from typing_extensions import override

from db.models import BoardKind
from services.access import permit
from services.engine.actions import POSTS, build_actions
from services.engine.actions.base import result_id
from services.engine.errors import Skipped, SkipReason
from services.engine.executor import ActExecutor
from services.engine.planner import MAX_ITEM_AGE, Planner
from services.engine.policy import PolicyInput, check
from services.engine.ports import ActStore
from services.engine.rhythm import Rhythm
from services.engine.simulation.act import SimulatedAct
from services.engine.simulation.script import NullBoardAdapter, ScriptedAuthor
from services.engine.types import (
    ActContent,
    ActContext,
    BoardItem,
    BoardLocation,
    BoardMessage,
    EngineSnapshot,
    Limits,
    OpenBoard,
    Participant,
    PastAct,
    PlannedAct,
    SentMessages,
)
from services.engine.writing import Writer
from services.types import Speaker

T = TypeVar("T")

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
_TICK = timedelta(minutes=2)
_DAY = timedelta(days=1)
_BOARD = uuid5(NAMESPACE_OID, "a board")


@dataclass(kw_only=True)
class SimulationResult:
    """The current result of a simulation."""

    snapshot: EngineSnapshot
    now: datetime
    acts: list[SimulatedAct] = field(default_factory=list[SimulatedAct])
    skipped: list[SkipReason] = field(default_factory=list[SkipReason])
    tokens_in: int = 0
    tokens_out: int = 0


class _MemoryActStore(ActStore):
    """The state of an act in memory."""

    def __init__(self, simulation: "Simulation", planned_act: PlannedAct, task_id: UUID) -> None:
        self._simulation, self._planned_act, self._task_id = simulation, planned_act, task_id

    @override
    async def begin(self) -> ActContext:
        self._simulation.check(self._planned_act)
        return self._simulation.context(self._planned_act, self._task_id)

    @override
    async def acquire_request_slot(self, context: ActContext) -> None:
        """Do nothing: a simulation has no rate limit."""

    @override
    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        return await function()

    @override
    async def step_output(self, name: str, shape: type[T]) -> T | None:
        return None

    @override
    async def forget_step(self, name: str) -> None:
        """Do nothing: no steps are stored."""

    @override
    async def mark_sending(self) -> bool:
        return False

    @override
    async def recheck(self) -> None:
        """Do nothing: nothing changes meanwhile."""

    @override
    async def record(
        self, context: ActContext, content: ActContent, sent: SentMessages | None
    ) -> None:
        self._simulation.record(self._planned_act, self._task_id, content, is_sent=sent is not None)

    @override
    async def skip(self, skipped: Skipped) -> None:
        self._simulation.result.skipped.append(skipped.reason)

    @override
    async def close_board(self, reason: str) -> None:
        """Do nothing: a simulated board is never deleted."""

    @override
    async def postpone(self) -> None:
        """Do nothing: a simulation is never paused."""


def synthetic_participant(seed: str, name: str) -> Participant:
    """Return a participant of the simulated board."""
    return Participant(id=uuid5(NAMESPACE_OID, seed), name=name, seed=seed, boards=(_BOARD,))


def synthetic_personalities(seed: int, count: int) -> list[Participant]:
    """Return `count` synthetic personalities; another seed gives others."""
    return [
        synthetic_participant(f"{seed}:{number}", f"Personality {number}")
        for number in range(1, count + 1)
    ]


class Simulation:
    """Personalities on one board of the kind `STAGE`, which is empty at the start."""

    def __init__(
        self,
        participants: Sequence[Participant],
        *,
        rhythm: Rhythm,
        limits: Limits,
        start: datetime = START,
    ) -> None:
        snapshot = EngineSnapshot(
            boards={_BOARD: OpenBoard(id=_BOARD, kind=BoardKind.STAGE)},
            participants={each.id: each for each in participants},
            items={_BOARD: []},
        )
        self.result = SimulationResult(snapshot=snapshot, now=start)
        self._limits = limits
        self._planner = Planner(rhythm, limits)
        self._executor = ActExecutor(
            build_actions(Writer(ScriptedAuthor(str(len(participants)))), NullBoardAdapter())
        )
        self._items: dict[UUID, BoardItem] = {}
        self._texts: dict[UUID, str] = {}
        self._lines: dict[UUID, list[str]] = {each.id: [] for each in participants}
        self._board_lines: list[str] = []
        self._due: list[tuple[datetime, int, PlannedAct]] = []
        self._numbers = itertools.count()

    async def run(self, days: int) -> AsyncGenerator[SimulationResult]:
        """Simulate days; yield the result after each."""
        for _ in range(days):
            end = self.result.now + _DAY
            while self.result.now < end:
                await self._tick()
            self._prune()
            yield self.result

    async def _tick(self) -> None:
        until = self.result.now + _TICK
        self._enqueue(self._planner.plan(self.result.snapshot, self.result.now, until))
        while self._due and self._due[0][0] <= until:
            at, number, planned_act = heapq.heappop(self._due)
            self.result.now = at
            task_id = uuid5(NAMESPACE_OID, f"{planned_act.personality_id}:{number}")
            await self._executor.execute(_MemoryActStore(self, planned_act, task_id))
            if planned_act in self.result.snapshot.waiting:
                self.result.snapshot.waiting.remove(planned_act)
        self.result.now = until

    def _enqueue(self, planned_acts: list[PlannedAct]) -> None:
        for planned_act in planned_acts:
            heapq.heappush(self._due, (planned_act.at, next(self._numbers), planned_act))

    def check(self, planned_act: PlannedAct) -> None:
        """Check an act against the policy.

        Raises:
            Skipped: It may not be executed.
        """
        snapshot, now = self.result.snapshot, self.result.now
        acts = snapshot.acts.get(planned_act.personality_id, [])
        target_id = planned_act.comment_id or planned_act.post_id
        target = self._items.get(target_id) if target_id else None
        key = (
            planned_act.personality_id,
            target_id or planned_act.personality_id,
            planned_act.kind,
        )
        check(
            PolicyInput(
                kind=planned_act.kind,
                now=now,
                scheduled_at=planned_act.at,
                is_open=True,
                is_member=True,
                is_quiet=False,
                board_kind=BoardKind.STAGE,
                board_acts_today=0,
                board_cap=1,
                spent_usd=0,
                budget_usd=0,
                needs_usd=0,
                acts_last_hour=sum(each.at > now - timedelta(hours=1) for each in acts),
                posts_today=sum(each.at > now - _DAY and each.kind in POSTS for each in acts),
                target_exists=target is not None,
                target_depth=target.depth if target else 0,
                target_is_own=target is not None and target.personality_id == key[0],
                did_it_before=key in snapshot.touched,
                replies_in_thread=snapshot.replies.get(target.post_id, 0) if target else 0,
            ),
            self._limits,
        )

    def context(self, planned_act: PlannedAct, task_id: UUID) -> ActContext:
        """Return the context of an act."""
        participant = self.result.snapshot.participants[planned_act.personality_id]
        return ActContext(
            task_id=task_id,
            kind=planned_act.kind,
            personality_id=participant.id,
            name=participant.name,
            speaker=Speaker(name=participant.name),
            definition=f"{participant.name} is somebody with a will of their own.",
            seed=participant.seed,
            model="script/script",
            fallback=None,
            caller=permit("simulation", personality_id=participant.id),
            location=BoardLocation(channel_id=0, guild_id=0),
            topic="",
            tone="",
            age_restricted=False,
            model_votes=False,
            post=self._to_message(planned_act.post_id),
            target=self._to_message(planned_act.comment_id or planned_act.post_id),
            own=tuple(self._lines[participant.id][-200:]),
            board_lines=tuple(self._board_lines[-50:]),
        )

    def record(
        self, planned_act: PlannedAct, task_id: UUID, content: ActContent, *, is_sent: bool
    ) -> None:
        """Record an act, and plan the reactions to it."""
        result, snapshot = self.result, self.result.snapshot
        target_id = planned_act.comment_id or planned_act.post_id
        target = self._items.get(target_id) if target_id else None
        past_act = PastAct(
            personality_id=planned_act.personality_id,
            board_id=_BOARD,
            kind=planned_act.kind,
            at=result.now,
        )
        snapshot.acts.setdefault(planned_act.personality_id, []).append(past_act)
        if target is not None:
            snapshot.touched.add((planned_act.personality_id, target.id, planned_act.kind))
        result.acts.append(
            SimulatedAct(
                personality_id=planned_act.personality_id,
                kind=planned_act.kind,
                at=result.now,
                text=content.text,
                target=target.id if target else None,
                answered_at=target.at if target else None,
                depth=target.depth + 1 if target and is_sent else 0,
            )
        )
        result.tokens_in += content.tokens_in
        result.tokens_out += content.tokens_out
        if is_sent:
            self._add_item(planned_act, result_id(task_id), target, content)

    def _add_item(
        self, planned_act: PlannedAct, id_: UUID, target: BoardItem | None, content: ActContent
    ) -> None:
        snapshot, author = self.result.snapshot, planned_act.personality_id
        item = BoardItem(
            id=id_,
            board_id=_BOARD,
            post_id=target.post_id if target else id_,
            depth=target.depth + 1 if target else 0,
            personality_id=author,
            at=self.result.now,
            answers=target.id if target else None,
        )
        self._items[id_] = item
        self._texts[id_] = content.text
        self._lines[author].append(content.text)
        self._board_lines.append(content.text)
        snapshot.items[_BOARD].append(item)
        if target is not None:
            replies, affinity = snapshot.replies, snapshot.affinity
            replies[item.post_id] = replies.get(item.post_id, 0) + 1
            if target.personality_id is not None:
                pair = (author, target.personality_id)
                affinity[pair] = affinity.get(pair, 0) + 1
        self._enqueue(self._planner.reactions(snapshot, item, target))

    def _to_message(self, id_: UUID | None) -> BoardMessage | None:
        if id_ is None or id_ not in self._items:
            return None
        author = self._items[id_].personality_id
        participant = self.result.snapshot.participants.get(author) if author else None
        return BoardMessage(name=participant.name if participant else "", text=self._texts[id_])

    def _prune(self) -> None:
        """Prune items and acts that are too old to matter."""
        snapshot, now = self.result.snapshot, self.result.now
        snapshot.items[_BOARD] = [i for i in snapshot.items[_BOARD] if i.at > now - MAX_ITEM_AGE]
        for personality_id, acts in snapshot.acts.items():
            snapshot.acts[personality_id] = [each for each in acts if each.at > now - _DAY]
