"""What publishing tells others."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.models import Personality, PublishAttempt
from services.notifications import Notice


@dataclass(frozen=True, kw_only=True)
class PublishResult(Notice):
    """How an attempt to publish a personality ended."""

    attempt: PublishAttempt
    personality: Personality


@dataclass(frozen=True, kw_only=True)
class PublishStatus:
    """Where a personality stands: its last attempt, if any, and the steps of it that are done."""

    personality: Personality
    attempt: PublishAttempt | None
    steps: Sequence[str]
