"""The engine in memory, on a clock of its own: weeks of it in seconds, with words from a script.

Planner, gates, actions, checks and what follows from an act are the engine's own; only what is
kept, said and written by a model is not real.
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
from services.engine.actions import POSTS, build_actions
from services.engine.actions.base import result_id
from services.engine.errors import Skipped, SkipReason
from services.engine.executor import ActExecutor
from services.engine.planner import FRESH, Planner
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

BEGINS = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
_TICK = timedelta(minutes=2)
_DAY = timedelta(days=1)
_BOARD = uuid5(NAMESPACE_OID, "a board")


@dataclass(kw_only=True)
class SimulationResult:
    """What a rehearsal has come to."""

    society: EngineSnapshot
    now: datetime
    acts: list[SimulatedAct] = field(default_factory=list[SimulatedAct])
    skipped: list[SkipReason] = field(default_factory=list[SkipReason])
    tokens_in: int = 0
    tokens_out: int = 0


class _MemoryActStore(ActStore):
    """The notebook of an act that is kept in memory only."""

    def __init__(self, rehearsal: "Simulation", intent: PlannedAct, task_id: UUID) -> None:
        self._rehearsal, self._intent, self._task_id = rehearsal, intent, task_id

    @override
    async def begin(self) -> ActContext:
        self._rehearsal.check(self._intent)
        return self._rehearsal.scene(self._intent, self._task_id)

    @override
    async def wait_for_rate_limit(self, scene: ActContext) -> None:
        """Whoever rehearses is never too fast."""

    @override
    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        return await function()

    @override
    async def step_output(self, name: str, shape: type[T]) -> T | None:
        return None

    @override
    async def forget_step(self, name: str) -> None:
        """Nothing is remembered."""

    @override
    async def mark_sending(self) -> bool:
        return False

    @override
    async def recheck(self) -> None:
        """Nothing changes meanwhile."""

    @override
    async def record(
        self, scene: ActContext, words: ActContent, spoken: SentMessages | None
    ) -> None:
        self._rehearsal.record(self._intent, self._task_id, words, is_spoken=spoken is not None)

    @override
    async def skip(self, skipped: Skipped) -> None:
        self._rehearsal.company.skipped.append(skipped.reason)

    @override
    async def close_board(self, why: str) -> None:
        """The board of a rehearsal does not go away."""

    @override
    async def postpone(self) -> None:
        """Nobody pauses a rehearsal."""


def synthetic_participant(seed: str, name: str) -> Participant:
    """Return a seat on the board of a rehearsal."""
    return Participant(id=uuid5(NAMESPACE_OID, seed), name=name, seed=seed, boards=(_BOARD,))


def synthetic_personalities(seed: int, count: int) -> list[Participant]:
    """Return so many personalities that nobody knows; another seed, others."""
    return [
        synthetic_participant(f"{seed}:{number}", f"Personality {number}")
        for number in range(1, count + 1)
    ]


class Simulation:
    """Personalities on one stage board, from an empty start."""

    def __init__(
        self,
        seats: Sequence[Participant],
        *,
        rhythm: Rhythm,
        limits: Limits,
        begins: datetime = BEGINS,
    ) -> None:
        society = EngineSnapshot(
            boards={_BOARD: OpenBoard(id=_BOARD, kind=BoardKind.STAGE)},
            seats={each.id: each for each in seats},
            items={_BOARD: []},
        )
        self.company = SimulationResult(society=society, now=begins)
        self._limits = limits
        self._planner = Planner(rhythm, limits)
        self._performer = ActExecutor(
            build_actions(Writer(ScriptedAuthor(str(len(seats)))), NullBoardAdapter())
        )
        self._items: dict[UUID, BoardItem] = {}
        self._said: dict[UUID, str] = {}
        self._lines: dict[UUID, list[str]] = {each.id: [] for each in seats}
        self._board_lines: list[str] = []
        self._due: list[tuple[datetime, int, PlannedAct]] = []
        self._numbers = itertools.count()

    async def run(self, days: int) -> AsyncGenerator[SimulationResult]:
        """Let so many days pass; yield after each."""
        for _ in range(days):
            ends = self.company.now + _DAY
            while self.company.now < ends:
                await self._tick()
            self._forget()
            yield self.company

    async def _tick(self) -> None:
        until = self.company.now + _TICK
        self._enqueue(self._planner.plan(self.company.society, self.company.now, until))
        while self._due and self._due[0][0] <= until:
            at, number, intent = heapq.heappop(self._due)
            self.company.now = at
            task_id = uuid5(NAMESPACE_OID, f"{intent.personality_id}:{number}")
            await self._performer.execute(_MemoryActStore(self, intent, task_id))
            if intent in self.company.society.waiting:
                self.company.society.waiting.remove(intent)
        self.company.now = until

    def _enqueue(self, intents: list[PlannedAct]) -> None:
        for intent in intents:
            heapq.heappush(self._due, (intent.at, next(self._numbers), intent))

    def check(self, intent: PlannedAct) -> None:
        """Let an act pass, or say why not.

        Raises:
            Skipped: It may not be done.
        """
        society, now = self.company.society, self.company.now
        acts = society.acts.get(intent.personality_id, [])
        target_id = intent.comment_id or intent.post_id
        target = self._items.get(target_id) if target_id else None
        key = (intent.personality_id, target_id or intent.personality_id, intent.kind)
        check(
            PolicyInput(
                kind=intent.kind,
                now=now,
                scheduled_at=intent.at,
                is_open=True,
                is_seated=True,
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
                did_it_before=key in society.touched,
                replies_in_thread=society.replies.get(target.post_id, 0) if target else 0,
            ),
            self._limits,
        )

    def scene(self, intent: PlannedAct, task_id: UUID) -> ActContext:
        """Return what an act is written from."""
        seat = self.company.society.seats[intent.personality_id]
        return ActContext(
            task_id=task_id,
            kind=intent.kind,
            personality_id=seat.id,
            name=seat.name,
            speaker=Speaker(name=seat.name),
            definition=f"{seat.name} is somebody with a will of their own.",
            seed=seat.seed,
            model="script/script",
            fallback=None,
            guild_id=0,
            where=BoardLocation(channel_id=0, guild_id=0),
            topic="",
            tone="",
            age_restricted=False,
            model_votes=False,
            post=self._line(intent.post_id),
            target=self._line(intent.comment_id or intent.post_id),
            own=tuple(self._lines[seat.id][-200:]),
            board_lines=tuple(self._board_lines[-50:]),
        )

    def record(
        self, intent: PlannedAct, task_id: UUID, words: ActContent, *, is_spoken: bool
    ) -> None:
        """Keep what was done, and let it have consequences."""
        company, society = self.company, self.company.society
        target_id = intent.comment_id or intent.post_id
        target = self._items.get(target_id) if target_id else None
        done = PastAct(
            personality_id=intent.personality_id, board_id=_BOARD, kind=intent.kind, at=company.now
        )
        society.acts.setdefault(intent.personality_id, []).append(done)
        if target is not None:
            society.touched.add((intent.personality_id, target.id, intent.kind))
        company.acts.append(
            SimulatedAct(
                personality_id=intent.personality_id,
                kind=intent.kind,
                at=company.now,
                text=words.text,
                target=target.id if target else None,
                answered_at=target.at if target else None,
                depth=target.depth + 1 if target and is_spoken else 0,
            )
        )
        company.tokens_in += words.tokens_in
        company.tokens_out += words.tokens_out
        if is_spoken:
            self._leave(intent, result_id(task_id), target, words)

    def _leave(
        self, intent: PlannedAct, id_: UUID, target: BoardItem | None, words: ActContent
    ) -> None:
        society, author = self.company.society, intent.personality_id
        item = BoardItem(
            id=id_,
            board_id=_BOARD,
            post_id=target.post_id if target else id_,
            depth=target.depth + 1 if target else 0,
            personality_id=author,
            at=self.company.now,
            answers=target.id if target else None,
        )
        self._items[id_] = item
        self._said[id_] = words.text
        self._lines[author].append(words.text)
        self._board_lines.append(words.text)
        society.items[_BOARD].append(item)
        if target is not None:
            replies, affinity = society.replies, society.affinity
            replies[item.post_id] = replies.get(item.post_id, 0) + 1
            if target.personality_id is not None:
                pair = (author, target.personality_id)
                affinity[pair] = affinity.get(pair, 0) + 1
        self._enqueue(self._planner.answers(society, item, target))

    def _line(self, id_: UUID | None) -> BoardMessage | None:
        if id_ is None or id_ not in self._items:
            return None
        author = self._items[id_].personality_id
        seat = self.company.society.seats.get(author) if author else None
        return BoardMessage(name=seat.name if seat else "", text=self._said[id_])

    def _forget(self) -> None:
        """Let go of what nobody acts on any more."""
        society, now = self.company.society, self.company.now
        society.items[_BOARD] = [i for i in society.items[_BOARD] if i.at > now - FRESH]
        for personality_id, acts in society.acts.items():
            society.acts[personality_id] = [each for each in acts if each.at > now - _DAY]
