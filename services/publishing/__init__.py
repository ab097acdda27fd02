"""Publishing personalities: a locked version, a model's judgement, rules, and a public shelf."""

from db.models import AgeBucket, Gender, NsfwRating, PublishAttempt
from services.publishing.errors import (
    AlreadyPublic,
    AlreadyPublishing,
    MinorNotSafe,
    NothingToRead,
    NotPublic,
    OrdersToJudge,
)
from services.publishing.notices import NoticeHandler
from services.publishing.ports import Herald
from services.publishing.queries import Listing
from services.publishing.rules import mentions_minor, rating_of
from services.publishing.service import PublishingService
from services.publishing.types import Ended, Standing
from services.publishing.workflow import PublishHandler

__all__ = [
    "AgeBucket",
    "AlreadyPublic",
    "AlreadyPublishing",
    "Ended",
    "Gender",
    "Herald",
    "Listing",
    "MinorNotSafe",
    "NotPublic",
    "NothingToRead",
    "NoticeHandler",
    "NsfwRating",
    "OrdersToJudge",
    "PublishAttempt",
    "PublishHandler",
    "PublishingService",
    "Standing",
    "mentions_minor",
    "rating_of",
]
