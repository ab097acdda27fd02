"""Retention: how long what was said is kept, and what ends with a server."""

from services.retention.servers import LEFT_DAYS
from services.retention.service import RetentionService
from services.retention.sweeping import (
    ANNOUNCED_DAYS,
    RetentionAnnouncement,
    RetentionHandler,
    RetentionJob,
    RetentionSettings,
)

__all__ = [
    "ANNOUNCED_DAYS",
    "LEFT_DAYS",
    "RetentionAnnouncement",
    "RetentionHandler",
    "RetentionJob",
    "RetentionService",
    "RetentionSettings",
]
