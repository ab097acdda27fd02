"""Publishing personalities: a locked version, a model's assessment, rules, and a catalogue."""

from db.models import AgeBucket, AttemptStatus, Gender, NsfwRating, PublishAttempt
from services.publishing.decision import Assessment, ReviewChanges
from services.publishing.errors import (
    AgeStated,
    AlreadyPublic,
    AlreadyPublishing,
    HeadlineUnfit,
    MinorNotSafe,
    NothingToRead,
    NothingToReview,
    NotPublic,
    PromptInjection,
    RatingTooLow,
    TooManyTags,
    UnknownTags,
)
from services.publishing.notices import PublishNoticeHandler
from services.publishing.queries import Listing
from services.publishing.questions import HEADLINE_LENGTH, MAX_TAGS
from services.publishing.rules import mentions_minor, rating_of
from services.publishing.service import PublishingService
from services.publishing.types import PublishResult, PublishStatus, Review
from services.publishing.workflow import PublishHandler, PublishJob

__all__ = [
    "HEADLINE_LENGTH",
    "MAX_TAGS",
    "AgeBucket",
    "AgeStated",
    "AlreadyPublic",
    "AlreadyPublishing",
    "Assessment",
    "AttemptStatus",
    "Gender",
    "HeadlineUnfit",
    "Listing",
    "MinorNotSafe",
    "NotPublic",
    "NothingToRead",
    "NothingToReview",
    "NsfwRating",
    "PromptInjection",
    "PublishAttempt",
    "PublishHandler",
    "PublishJob",
    "PublishNoticeHandler",
    "PublishResult",
    "PublishStatus",
    "PublishingService",
    "RatingTooLow",
    "Review",
    "ReviewChanges",
    "TooManyTags",
    "UnknownTags",
    "mentions_minor",
    "rating_of",
]
