"""Types of the publishing service besides rows."""

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
    """A personality's last attempt to be published, if any, and its finished steps."""

    personality: Personality
    attempt: PublishAttempt | None
    steps: Sequence[str]
