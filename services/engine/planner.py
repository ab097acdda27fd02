"""The planner: decides who does what, where and when. Pure: from a snapshot to planned acts."""

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

MAX_ITEM_AGE = timedelta(hours=17)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_DECAY_OFFSET, _DECAY_EXPONENT = 90.0, 1.73  # interest in a post: (90 s + age)^-1.73
_DECAY_REFERENCE_AGE = 4782.0  # seconds; at this age the weight of a post is 1
# The probability that the author of a target replies, by the depth of the target.
_REPLY_PROBABILITIES = (0.19, 0.28, 0.37, 0.38, 0.45)
_REPLY_FACTOR = 1.898
_ALERT_COUNTS, _ALERT_PROBABILITY = (1, 2), 0.569
_VOTE_PROBABILITIES = (0.431, 0.231)  # of posts and of comments
_MAX_SHARE, _MIN_ACTS = 0.5, 10


class Planner:
    """Turns moments of a rhythm, and new items, into planned acts within the caps."""

    def __init__(self, rhythm: Rhythm, limits: Limits) -> None:
        self._rhythm = rhythm
        self._limits = limits
        self._reply_factor = _REPLY_FACTOR * limits.reply_probability / 0.20

    def plan(self, snapshot: EngineSnapshot, since: datetime, until: datetime) -> list[PlannedAct]:
        """Return the spontaneous acts of personalities after `since` and until `until`."""
        moments = sorted(
            (
                (moment, participant)
                for participant in snapshot.participants.values()
                for moment in self._rhythm.moments(participant.seed, since, until)
            ),
            key=lambda each: each[0].at,
        )
        planned_acts: list[PlannedAct] = []
        for moment, participant in moments:
            planned_act = self._plan_moment(snapshot, participant, moment)
            if planned_act is not None:
                snapshot.waiting.append(planned_act)
                planned_acts.append(planned_act)
        return planned_acts

    def reactions(
        self, snapshot: EngineSnapshot, item: BoardItem, target: BoardItem | None
    ) -> list[PlannedAct]:
        """Return the acts in reaction to a new post or comment, which replies to `target`."""
        planned_acts = [
            *self._plan_reply(snapshot, item, target),
            *self._plan_alerts(snapshot, item),
        ]
        snapshot.waiting += planned_acts
        return planned_acts

    def plan_now(
        self,
        snapshot: EngineSnapshot,
        participant: Participant,
        board_id: UUID,
        kind: ActType,
        at: datetime,
        *,
        post_id: UUID | None = None,
        comment_id: UUID | None = None,
    ) -> PlannedAct:
        """Return an act on a named target, or else on the newest that fits.

        Raises:
            ImagePostsUnavailable: The act needs images, which the personality cannot generate.
            NoTarget: There is nothing to act on.
        """
        items = snapshot.items.get(board_id, [])
        if ACTIONS[kind].needs_pictures and not participant.can_post_images:
            raise ImagePostsUnavailable(participant.name)
        if ACTIONS[kind].is_post:
            return PlannedAct(personality_id=participant.id, board_id=board_id, kind=kind, at=at)
        target_id = comment_id or post_id
        candidates = [
            item
            for item in items
            if item.personality_id != participant.id
            and (participant.id, item.id, kind) not in snapshot.touched
            and (item.id == target_id if target_id else (item.depth > 0) == (kind == ActType.REPLY))
        ]
        if not candidates:
            raise NoTarget(participant.name, kind)
        return _to_planned_act(participant, candidates[-1], kind, at)

    def mood(self, personality_id: UUID, at: datetime) -> float:
        """Return how active a personality's day is, relative to its average of 1."""
        return self._rhythm.mood(str(personality_id), at)

    def is_quiet(self, board: OpenBoard, at: datetime) -> bool:
        """Whether a time is in a board's quiet hours, which may span midnight, in its time zone."""
        if board.quiet_from is None or board.quiet_until is None:
            return False
        local = at.astimezone(ZoneInfo(board.time_zone)).time()
        if board.quiet_from <= board.quiet_until:
            return board.quiet_from <= local < board.quiet_until
        return local >= board.quiet_from or local < board.quiet_until

    def _plan_moment(
        self, snapshot: EngineSnapshot, participant: Participant, moment: Moment
    ) -> PlannedAct | None:
        """Return an act for a moment; None if another is planned then or a cap forbids it."""
        if any(
            each.personality_id == participant.id and each.at == moment.at
            for each in snapshot.waiting
        ) or not self._is_below_hourly_cap(snapshot, participant, moment.at):
            return None
        rng = moment.rng()
        boards = [
            board
            for board_id in participant.boards
            if (board := snapshot.boards.get(board_id))
            and not self.is_quiet(board, moment.at)
            and not self._dominates(snapshot, participant, board)
        ]
        if not boards:
            return None
        board = rng.choice(boards)
        kinds, weights = zip(*moment.weights, strict=True)
        kind = rng.choices(kinds, weights)[0]
        if kind == ActType.POST:
            return self._plan_post(snapshot, participant, board, moment.at, rng)
        target = self._choose_target(snapshot, participant, board, kind, moment.at, rng)
        if target is None and kind == ActType.COMMENT:
            kind = ActType.VOTE
            target = self._choose_target(snapshot, participant, board, kind, moment.at, rng)
        return _to_planned_act(participant, target, kind, moment.at) if target else None

    def _plan_post(
        self,
        snapshot: EngineSnapshot,
        participant: Participant,
        board: OpenBoard,
        at: datetime,
        rng: random.Random,
    ) -> PlannedAct | None:
        today = [each for each in _recent_kinds(snapshot, participant, at - _DAY) if each in POSTS]
        if board.kind == BoardKind.GUEST or len(today) >= self._limits.posts_per_day:
            return None
        kind = rng.choice(POSTS) if participant.can_post_images else ActType.POST
        return PlannedAct(personality_id=participant.id, board_id=board.id, kind=kind, at=at)

    def _choose_target(
        self,
        snapshot: EngineSnapshot,
        participant: Participant,
        board: OpenBoard,
        kind: ActType,
        at: datetime,
        rng: random.Random,
    ) -> BoardItem | None:
        """Return a recent item of somebody else that it has not acted on in this way."""
        speaks = ACTIONS[kind].speaks()
        taken = {
            each.comment_id or each.post_id
            for each in snapshot.waiting
            if each.personality_id == participant.id and each.kind == kind
        }
        candidates = [
            item
            for item in snapshot.items.get(board.id, ())
            if item.personality_id != participant.id
            and (not speaks or item.depth == 0)
            and at - MAX_ITEM_AGE < item.at < at
            and (participant.id, item.id, kind) not in snapshot.touched
            and item.id not in taken
            and (speaks or _gets_votes(item))
            and (not speaks or self._thread_has_room(snapshot, item))
        ]
        if not candidates:
            return None
        weights = [
            (1 + _affinity(snapshot, participant.id, item.personality_id))
            * (
                (_DECAY_OFFSET + (at - item.at).total_seconds())
                / (_DECAY_OFFSET + _DECAY_REFERENCE_AGE)
            )
            ** -_DECAY_EXPONENT
            * (1 + max(item.score, 0))
            for item in candidates
        ]
        # If nothing is recent enough, it only reads.
        if kind == ActType.COMMENT and rng.random() > sum(weights):
            return None
        return rng.choices(candidates, weights)[0]

    def _plan_reply(
        self, snapshot: EngineSnapshot, item: BoardItem, target: BoardItem | None
    ) -> Iterator[PlannedAct]:
        """Yield a reply by the author of the target, with some probability."""
        if target is None or target.personality_id in (None, item.personality_id):
            return
        participant = (
            snapshot.participants.get(target.personality_id) if target.personality_id else None
        )
        if participant is None or item.board_id not in participant.boards:
            return
        probability = (
            self._reply_factor
            * _REPLY_PROBABILITIES[min(target.depth, len(_REPLY_PROBABILITIES) - 1)]
        )
        rng = _notice_rng(participant, item.at)
        if rng.random() < probability and item.depth < self._limits.depth:
            yield from self._plan_reaction(snapshot, participant, item, ActType.REPLY, rng)

    def _plan_alerts(self, snapshot: EngineSnapshot, item: BoardItem) -> Iterator[PlannedAct]:
        """Yield acts of one or two personalities who notice a new post."""
        if item.depth:
            return
        participants = [
            participant
            for participant in snapshot.participants.values()
            if item.board_id in participant.boards
            and participant.id != item.personality_id
            and not self._dominates(snapshot, participant, snapshot.boards[item.board_id])
        ]
        rng = random.Random(f"{item.at.isoformat()}:alerts")  # noqa: S311 - no secret
        for _ in range(min(rng.choice(_ALERT_COUNTS), len(participants))):
            weights = selector.weights(snapshot, self._rhythm, item, participants)
            participant = rng.choices(participants, weights)[0]
            participants.remove(participant)
            if rng.random() < _ALERT_PROBABILITY:
                for kind in self._rhythm.alert_kinds:
                    yield from self._plan_reaction(
                        snapshot, participant, item, kind, _notice_rng(participant, item.at)
                    )

    def _plan_reaction(
        self,
        snapshot: EngineSnapshot,
        participant: Participant,
        item: BoardItem,
        kind: ActType,
        rng: random.Random,
    ) -> Iterator[PlannedAct]:
        last = max((each.at for each in snapshot.acts.get(participant.id, ())), default=None)
        at = self._rhythm.reaction_time(participant.seed, item.at, kind, last_active=last, rng=rng)
        if at is None:
            return
        taken = {each.at for each in snapshot.waiting if each.personality_id == participant.id}
        while at in taken:  # one act after the other, in the same session
            at += timedelta(seconds=rng.uniform(60, 300))
        quiet = self.is_quiet(snapshot.boards[item.board_id], at)
        if not quiet and self._thread_has_room(snapshot, item):
            yield _to_planned_act(participant, item, kind, at)

    def _is_below_hourly_cap(
        self, snapshot: EngineSnapshot, participant: Participant, at: datetime
    ) -> bool:
        return len(_recent_kinds(snapshot, participant, at - _HOUR)) < self._limits.acts_per_hour

    def _thread_has_room(self, snapshot: EngineSnapshot, item: BoardItem) -> bool:
        """Whether a thread takes another comment, counting planned ones."""
        pending = sum(
            each.post_id == item.post_id and each.kind in COMMENTS for each in snapshot.waiting
        )
        return snapshot.replies.get(item.post_id, 0) + pending < self._limits.replies_per_thread

    def _dominates(
        self, snapshot: EngineSnapshot, participant: Participant, board: OpenBoard
    ) -> bool:
        """Whether more than half of the recent acts on a board are this personality's."""
        members = sum(board.id in each.boards for each in snapshot.participants.values())
        acts = [
            each for acts in snapshot.acts.values() for each in acts if each.board_id == board.id
        ]
        own_acts = sum(each.personality_id == participant.id for each in acts)
        return members > 2 and len(acts) >= _MIN_ACTS and own_acts > _MAX_SHARE * len(acts)  # noqa: PLR2004


def _recent_kinds(
    snapshot: EngineSnapshot, participant: Participant, since: datetime
) -> Sequence[ActType]:
    """Return the kinds of a personality's past and planned acts after a time."""
    past_acts: Sequence[PastAct] = snapshot.acts.get(participant.id, ())
    pending = [each for each in snapshot.waiting if each.personality_id == participant.id]
    return [each.kind for each in (*past_acts, *pending) if each.at > since]


def _to_planned_act(
    participant: Participant, item: BoardItem, kind: ActType, at: datetime
) -> PlannedAct:
    return PlannedAct(
        personality_id=participant.id,
        board_id=item.board_id,
        kind=kind,
        at=at,
        post_id=item.post_id,
        comment_id=item.id if item.depth else None,
    )


def _gets_votes(item: BoardItem) -> bool:
    """Whether an item is one of the few that get votes; always the same for an item."""
    rng = random.Random(f"{item.at.isoformat()}:appeal")  # noqa: S311 - no secret
    return rng.random() < _VOTE_PROBABILITIES[min(item.depth, 1)]


def _affinity(snapshot: EngineSnapshot, one: UUID, other: UUID | None) -> float:
    return math.log1p(snapshot.affinity.get((one, other), 0)) if other else 0.5


def _notice_rng(participant: Participant, at: datetime) -> random.Random:
    return random.Random(f"{participant.seed}:{at.isoformat()}:notice")  # noqa: S311 - no secret
