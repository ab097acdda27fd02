"""What stands between an intent and an act. Pure; the caps of operator and board, and manners."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.models import ActType, BoardKind
from services.engine.actions import ACTIONS, COMMENTS, POSTS
from services.engine.errors import Skipped, SkipReason
from services.engine.types import Limits

STALE = timedelta(hours=1)
GUEST_WINDOW, GUEST_SHARE = 50, 0.30


@dataclass(frozen=True, kw_only=True)
class PolicyInput:
    """How things stand when an act is due. `lately` says of the last messages who were people.

    `spent_usd` includes what others have reserved; `needs_usd` is what this act may cost at most.
    """

    kind: ActType
    now: datetime
    scheduled_at: datetime
    is_open: bool
    is_seated: bool
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


def check(standing: PolicyInput, limits: Limits) -> None:
    """Let an act pass, or say why not.

    Raises:
        Skipped: It may not be done.
    """
    for reason in _reasons(standing, limits):
        if reason is not None:
            raise Skipped(reason)


def _reasons(at: PolicyInput, limits: Limits) -> Sequence[SkipReason | None]:
    is_late = at.now - at.scheduled_at > STALE
    is_capped = (
        at.acts_last_hour >= limits.acts_per_hour
        or at.board_acts_today >= at.board_cap
        or (at.kind in POSTS and at.posts_today >= limits.posts_per_day)
    )
    is_full = at.kind in COMMENTS and (
        at.target_depth >= limits.depth or at.replies_in_thread >= limits.replies_per_thread
    )
    needs_target = at.kind not in POSTS
    return (
        SkipReason.CLOSED if not at.is_open else None,
        SkipReason.ABSENT if not at.is_seated else None,
        SkipReason.STALE if is_late else None,
        SkipReason.GONE if needs_target and not at.target_exists else None,
        SkipReason.AGAIN if needs_target and (at.did_it_before or at.target_is_own) else None,
        SkipReason.QUIET if at.is_quiet and not at.is_manual else None,
        SkipReason.CAP if is_capped else None,
        SkipReason.THREAD if is_full else None,
        SkipReason.GUEST if at.board_kind == BoardKind.GUEST and _exceeds_guest_share(at) else None,
        SkipReason.BUDGET if at.spent_usd + at.needs_usd > at.budget_usd else None,
    )


def _exceeds_guest_share(at: PolicyInput) -> bool:
    """Whether a guest would speak first, twice in a row, or more than its share."""
    if not ACTIONS[at.kind].speaks():
        return False
    if at.kind in POSTS or not at.recent_is_person or not at.recent_is_person[-1]:
        return True
    window = at.recent_is_person[-GUEST_WINDOW:]
    guests = sum(not is_person for is_person in window)
    return guests + 1 > GUEST_SHARE * max(len(window) + 1, 4)
