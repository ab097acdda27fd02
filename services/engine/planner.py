"""Who does what, where and when. Pure: from what is known to what is intended."""

import math
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from db.models import ActType, BoardKind
from services.engine import selector
from services.engine.actions import ACTIONS, COMMENTS, POSTS
from services.engine.errors import ImagePostsUnavailable, NoTarget
from services.engine.rhythm import Moment, Rhythm
from services.engine.types import (
    BoardItem,
    EngineSnapshot,
    Limits,
    OpenBoard,
    Participant,
    PastAct,
    PlannedAct,
)

FRESH = timedelta(hours=17)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_FADING, _FADED = 90.0, 1.73  # how a post loses interest: (90 s + age)^-1.73
_WORTH = 4782.0  # seconds; so old, it is just worth a comment
# Whether somebody who is answered answers back, by the depth of what was answered.
_ANSWERS = (0.19, 0.28, 0.37, 0.38, 0.45)
_EAGERNESS = 1.898
_ALERTED, _ALERTS = (1, 2), 0.569
_APPEAL = (0.431, 0.231)  # of posts and of comments
_HALF, _ENOUGH_TO_TELL = 0.5, 10


class Planner:
    """Turns moments of a rhythm into intents, and what happens into answers; caps filter both."""

    def __init__(self, rhythm: Rhythm, limits: Limits) -> None:
        self._rhythm = rhythm
        self._limits = limits
        self._eagerness = _EAGERNESS * limits.reply_probability / 0.20

    def plan(self, society: EngineSnapshot, since: datetime, until: datetime) -> list[PlannedAct]:
        """Return what personalities do of themselves after `since` and until `until`."""
        moments = sorted(
            (
                (moment, seat)
                for seat in society.seats.values()
                for moment in self._rhythm.moments(seat.seed, since, until)
            ),
            key=lambda each: each[0].at,
        )
        intents: list[PlannedAct] = []
        for moment, seat in moments:
            intent = self._choose(society, seat, moment)
            if intent is not None:
                society.waiting.append(intent)
                intents.append(intent)
        return intents

    def answers(
        self, society: EngineSnapshot, item: BoardItem, asked: BoardItem | None
    ) -> list[PlannedAct]:
        """Return who acts on a new post or comment, and when. `asked` is what it answers."""
        intents = [*self._answer_back(society, item, asked), *self._alerts(society, item)]
        society.waiting += intents
        return intents

    def at_once(
        self,
        society: EngineSnapshot,
        seat: Participant,
        board_id: UUID,
        kind: ActType,
        at: datetime,
        *,
        post_id: UUID | None = None,
        comment_id: UUID | None = None,
    ) -> PlannedAct:
        """Return an act that somebody asks for: on what they name, else on something fresh.

        Raises:
            NoPainter: It is a picture, and there is nobody to paint it.
            NothingToActOn: There is nothing.
        """
        known = society.items.get(board_id, [])
        if ACTIONS[kind].needs_pictures and not seat.can_paint:
            raise ImagePostsUnavailable(seat.name)
        if ACTIONS[kind].is_post:
            return PlannedAct(personality_id=seat.id, board_id=board_id, kind=kind, at=at)
        named = comment_id or post_id
        fitting = [
            item
            for item in known
            if item.personality_id != seat.id
            and (seat.id, item.id, kind) not in society.touched
            and (item.id == named if named else (item.depth > 0) == (kind == ActType.REPLY))
        ]
        if not fitting:
            raise NoTarget(seat.name, kind)
        return _intent(seat, fitting[-1], kind, at)

    def mood(self, personality_id: UUID, at: datetime) -> float:
        """Return how active a personality's day is, relative to its average of 1."""
        return self._rhythm.mood(str(personality_id), at)

    def is_quiet(self, board: OpenBoard, at: datetime) -> bool:
        """Whether a board's quiet hours hold at a time, in its own zone, also past midnight."""
        if board.quiet_from is None or board.quiet_until is None:
            return False
        local = at.astimezone(ZoneInfo(board.time_zone)).time()
        if board.quiet_from <= board.quiet_until:
            return board.quiet_from <= local < board.quiet_until
        return local >= board.quiet_from or local < board.quiet_until

    def _choose(
        self, society: EngineSnapshot, seat: Participant, moment: Moment
    ) -> PlannedAct | None:
        """Return what to do at a moment: nothing where an answer takes it, or a cap forbids it."""
        if any(
            each.personality_id == seat.id and each.at == moment.at for each in society.waiting
        ) or not self._has_room(society, seat, moment.at):
            return None
        chance = moment.chance()
        boards = [
            board
            for board_id in seat.boards
            if (board := society.boards.get(board_id))
            and not self.is_quiet(board, moment.at)
            and not self._dominates(society, seat, board)
        ]
        if not boards:
            return None
        board = chance.choice(boards)
        kinds, weights = zip(*moment.mix, strict=True)
        kind = chance.choices(kinds, weights)[0]
        if kind == ActType.POST:
            return self._post(society, seat, board, moment.at, chance)
        target = self._target(society, seat, board, kind, moment.at, chance)
        if target is None and kind == ActType.COMMENT:
            kind = ActType.VOTE
            target = self._target(society, seat, board, kind, moment.at, chance)
        return _intent(seat, target, kind, moment.at) if target else None

    def _post(
        self,
        society: EngineSnapshot,
        seat: Participant,
        board: OpenBoard,
        at: datetime,
        chance: random.Random,
    ) -> PlannedAct | None:
        today = [each for each in _of(society, seat, at - _DAY) if each in POSTS]
        if board.kind == BoardKind.GUEST or len(today) >= self._limits.posts_per_day:
            return None
        kind = chance.choice(POSTS) if seat.can_paint else ActType.POST
        return PlannedAct(personality_id=seat.id, board_id=board.id, kind=kind, at=at)

    def _target(
        self,
        society: EngineSnapshot,
        seat: Participant,
        board: OpenBoard,
        kind: ActType,
        at: datetime,
        chance: random.Random,
    ) -> BoardItem | None:
        """Return something fresh of somebody else that it has not acted on in this way."""
        speaks = ACTIONS[kind].speaks()
        taken = {
            each.comment_id or each.post_id
            for each in society.waiting
            if each.personality_id == seat.id and each.kind == kind
        }
        found = [
            item
            for item in society.items.get(board.id, ())
            if item.personality_id != seat.id
            and (not speaks or item.depth == 0)
            and at - FRESH < item.at < at
            and (seat.id, item.id, kind) not in society.touched
            and item.id not in taken
            and (speaks or _has_appeal(item))
            and (not speaks or self._thread_has_room(society, item))
        ]
        if not found:
            return None
        weights = [
            (1 + _affinity(society, seat.id, item.personality_id))
            * ((_FADING + (at - item.at).total_seconds()) / (_FADING + _WORTH)) ** -_FADED
            * (1 + max(item.score, 0))
            for item in found
        ]
        # Where nothing is fresh enough, it only reads.
        if kind == ActType.COMMENT and chance.random() > sum(weights):
            return None
        return chance.choices(found, weights)[0]

    def _answer_back(
        self, society: EngineSnapshot, item: BoardItem, asked: BoardItem | None
    ) -> Iterator[PlannedAct]:
        """Let whoever was answered answer back, perhaps."""
        if asked is None or asked.personality_id in (None, item.personality_id):
            return
        seat = society.seats.get(asked.personality_id) if asked.personality_id else None
        if seat is None or item.board_id not in seat.boards:
            return
        wants = self._eagerness * _ANSWERS[min(asked.depth, len(_ANSWERS) - 1)]
        chance = _chance(seat, item.at)
        if chance.random() < wants and item.depth < self._limits.depth:
            yield from self._notice(society, seat, item, ActType.REPLY, chance)

    def _alerts(self, society: EngineSnapshot, item: BoardItem) -> Iterator[PlannedAct]:
        """Let one or two of those who might care about a new post take notice of it."""
        if item.depth:
            return
        seats = [
            seat
            for seat in society.seats.values()
            if item.board_id in seat.boards
            and seat.id != item.personality_id
            and not self._dominates(society, seat, society.boards[item.board_id])
        ]
        chance = random.Random(f"{item.at.isoformat()}:alerts")  # noqa: S311 - no secret
        for _ in range(min(chance.choice(_ALERTED), len(seats))):
            weights = selector.weights(society, self._rhythm, item, seats)
            seat = chance.choices(seats, weights)[0]
            seats.remove(seat)
            if chance.random() < _ALERTS:
                for kind in self._rhythm.alerted:
                    yield from self._notice(society, seat, item, kind, _chance(seat, item.at))

    def _notice(
        self,
        society: EngineSnapshot,
        seat: Participant,
        item: BoardItem,
        kind: ActType,
        chance: random.Random,
    ) -> Iterator[PlannedAct]:
        last = max((each.at for each in society.acts.get(seat.id, ())), default=None)
        at = self._rhythm.notices(seat.seed, item.at, kind, last_active=last, chance=chance)
        if at is None:
            return
        taken = {each.at for each in society.waiting if each.personality_id == seat.id}
        while at in taken:  # one thing after the other, in the same session
            at += timedelta(seconds=chance.uniform(60, 300))
        quiet = self.is_quiet(society.boards[item.board_id], at)
        if not quiet and self._thread_has_room(society, item):
            yield _intent(seat, item, kind, at)

    def _has_room(self, society: EngineSnapshot, seat: Participant, at: datetime) -> bool:
        return len(_of(society, seat, at - _HOUR)) < self._limits.acts_per_hour

    def _thread_has_room(self, society: EngineSnapshot, item: BoardItem) -> bool:
        """Whether a thread takes another comment, with those that are planned."""
        coming = sum(
            each.post_id == item.post_id and each.kind in COMMENTS for each in society.waiting
        )
        return society.replies.get(item.post_id, 0) + coming < self._limits.replies_per_thread

    def _dominates(self, society: EngineSnapshot, seat: Participant, board: OpenBoard) -> bool:
        """Whether more than half of what was lately done on a board was this personality's."""
        seated = sum(board.id in each.boards for each in society.seats.values())
        acts = [
            each for acts in society.acts.values() for each in acts if each.board_id == board.id
        ]
        mine = sum(each.personality_id == seat.id for each in acts)
        return seated > 2 and len(acts) >= _ENOUGH_TO_TELL and mine > _HALF * len(acts)  # noqa: PLR2004


def _of(society: EngineSnapshot, seat: Participant, since: datetime) -> Sequence[ActType]:
    """Return the kinds of what a personality has done and will do after a time."""
    done: Sequence[PastAct] = society.acts.get(seat.id, ())
    coming = [each for each in society.waiting if each.personality_id == seat.id]
    return [each.kind for each in (*done, *coming) if each.at > since]


def _intent(seat: Participant, item: BoardItem, kind: ActType, at: datetime) -> PlannedAct:
    return PlannedAct(
        personality_id=seat.id,
        board_id=item.board_id,
        kind=kind,
        at=at,
        post_id=item.post_id,
        comment_id=item.id if item.depth else None,
    )


def _has_appeal(item: BoardItem) -> bool:
    """Whether something is of the few that people vote on."""
    chance = random.Random(f"{item.at.isoformat()}:appeal")  # noqa: S311 - no secret
    return chance.random() < _APPEAL[min(item.depth, 1)]


def _affinity(society: EngineSnapshot, one: UUID, other: UUID | None) -> float:
    return math.log1p(society.affinity.get((one, other), 0)) if other else 0.5


def _chance(seat: Participant, at: datetime) -> random.Random:
    return random.Random(f"{seat.seed}:{at.isoformat()}:notice")  # noqa: S311 - no secret
