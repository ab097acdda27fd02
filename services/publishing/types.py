"""Types of the publishing service besides rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from db.models import AttemptStatus, Personality, PublishAttempt
from services.notifications import Notice
from services.publishing.decision import Assessment


@dataclass(frozen=True, kw_only=True)
class Review:
    """What an attempt would publish, while it waits for the maker's consent."""

    attempt: PublishAttempt
    personality: Personality
    assessment: Assessment

    @classmethod
    def of(cls, attempt: PublishAttempt, personality: Personality) -> Self | None:
        """Return what an attempt waits for; None if it does not."""
        if attempt.status != AttemptStatus.REVIEW:
            return None
        assessment = Assessment.model_validate(attempt.assessment)
        return cls(attempt=attempt, personality=personality, assessment=assessment)


@dataclass(frozen=True, kw_only=True)
class PublishResult(Notice):
    """How an attempt to publish a personality ended, or the review that it has come to."""

    attempt: PublishAttempt
    personality: Personality

    @property
    def review(self) -> Review | None:
        """Return what the maker is asked for, if the attempt waits for that."""
        return Review.of(self.attempt, self.personality)


@dataclass(frozen=True, kw_only=True)
class PublishStatus:
    """A personality's last attempt to be published, if any, and its finished steps."""

    personality: Personality
    attempt: PublishAttempt | None
    steps: Sequence[str]

    @property
    def review(self) -> Review | None:
        """Return what the maker is asked for, if the attempt waits for that."""
        return Review.of(self.attempt, self.personality) if self.attempt else None
