"""Publishing personalities: a locked version, a model's assessment, rules, and a catalogue."""

from db.models import AgeBucket, Gender, NsfwRating, PublishAttempt
from services.publishing.errors import (
    AlreadyPublic,
    AlreadyPublishing,
    MinorNotSafe,
    NothingToRead,
    NotPublic,
    PromptInjection,
)
from services.publishing.notices import PublishNoticeHandler
from services.publishing.queries import Listing
from services.publishing.rules import mentions_minor, rating_of
from services.publishing.service import PublishingService
from services.publishing.types import PublishResult, PublishStatus
from services.publishing.workflow import PublishHandler, PublishJob

__all__ = [
    "AgeBucket",
    "AlreadyPublic",
    "AlreadyPublishing",
    "Gender",
    "Listing",
    "MinorNotSafe",
    "NotPublic",
    "NothingToRead",
    "NsfwRating",
    "PromptInjection",
    "PublishAttempt",
    "PublishHandler",
    "PublishJob",
    "PublishNoticeHandler",
    "PublishResult",
    "PublishStatus",
    "PublishingService",
    "mentions_minor",
    "rating_of",
]
