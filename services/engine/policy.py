"""The policy that decides whether a due act may be executed. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.models import ActType, BoardKind
from services.engine.actions import ACTIONS, COMMENTS, POSTS
from services.engine.errors import Skipped, SkipReason
from services.engine.types import Limits

MAX_DELAY = timedelta(hours=1)
GUEST_WINDOW, GUEST_SHARE = 50, 0.30


@dataclass(frozen=True, kw_only=True)
class PolicyInput:
    """The facts that decide whether a due act may be executed.

    `recent_is_person` says for each of the board's last messages whether a person wrote it.
    `spent_usd` includes reserved costs; `needs_usd` is the maximum cost of this act.
    """

    kind: ActType
    now: datetime
    scheduled_at: datetime
    is_open: bool
    is_member: bool
    is_quiet: bool
    board_kind: BoardKind
    board_acts_today: int
    board_cap: int
    spent_usd: float
    budget_usd: float
    needs_usd: float
    acts_last_hour: int
    posts_today: int
    target_exists: bool
    target_depth: int
    target_is_own: bool
    did_it_before: bool
    replies_in_thread: int
    recent_is_person: Sequence[bool] = ()
    is_manual: bool = False


def check(state: PolicyInput, limits: Limits) -> None:
    """Check an act against the caps, the budget and the board's settings.

    Raises:
        Skipped: It may not be executed.
    """
    for reason in _reasons(state, limits):
        if reason is not None:
            raise Skipped(reason)


def _reasons(state: PolicyInput, limits: Limits) -> Sequence[SkipReason | None]:
    is_late = state.now - state.scheduled_at > MAX_DELAY
    is_capped = (
        state.acts_last_hour >= limits.acts_per_hour
        or state.board_acts_today >= state.board_cap
        or (state.kind in POSTS and state.posts_today >= limits.posts_per_day)
    )
    is_full = state.kind in COMMENTS and (
        state.target_depth >= limits.depth or state.replies_in_thread >= limits.replies_per_thread
    )
    needs_target = state.kind not in POSTS
    return (
        SkipReason.CLOSED if not state.is_open else None,
        SkipReason.ABSENT if not state.is_member else None,
        SkipReason.STALE if is_late else None,
        SkipReason.GONE if needs_target and not state.target_exists else None,
        SkipReason.AGAIN if needs_target and (state.did_it_before or state.target_is_own) else None,
        SkipReason.QUIET if state.is_quiet and not state.is_manual else None,
        SkipReason.CAP if is_capped else None,
        SkipReason.THREAD if is_full else None,
        SkipReason.GUEST
        if state.board_kind == BoardKind.GUEST and _exceeds_guest_share(state)
        else None,
        SkipReason.BUDGET if state.spent_usd + state.needs_usd > state.budget_usd else None,
    )


def _exceeds_guest_share(state: PolicyInput) -> bool:
    """Whether a guest would start a conversation, speak twice in a row, or exceed its share."""
    if not ACTIONS[state.kind].speaks():
        return False
    if state.kind in POSTS or not state.recent_is_person or not state.recent_is_person[-1]:
        return True
    window = state.recent_is_person[-GUEST_WINDOW:]
    guests = sum(not is_person for is_person in window)
    return guests + 1 > GUEST_SHARE * max(len(window) + 1, 4)
