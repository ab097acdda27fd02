"""The words of social posts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from pydantic import BaseModel

from db.models import Photo, SocialPost, SocialTarget
from services.errors import DomainError
from services.notifications import Notice
from services.social.times import Slot
from services.types import Speaker


class RemoteState(StrEnum):
    """How far a post is on the other side."""

    QUEUED = "queued"
    OUT = "out"
    FAILED = "failed"


class Receipt(BaseModel):
    """What the other side says of a post: what it says there, and in `detail` why it failed.

    `is_public` is whether everyone sees the channel, where that may change.
    """

    remote_id: str
    state: RemoteState
    link: str | None = None
    at: datetime | None = None
    is_public: bool | None = None
    text: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class OutgoingPost:
    """A post as it goes out. `caption` is whole, `due_at` when it is to be seen.

    `others` are ids that posts of ours have on the other side, so that none is taken for it.
    """

    post_id: UUID
    channel_id: str
    channel_name: str
    service: str
    guild_id: int | None
    caption: str
    alt_text: str
    first_comment: str
    storage_key: str
    is_ai_generated: bool
    due_at: datetime
    speaker: Speaker
    age_restricted: bool
    others: frozenset[str] = frozenset()

    @property
    def file_name(self) -> str:
        """Return the name of the file, by which it would be known again."""
        return f"{self.post_id}.jpg"

    @property
    def fingerprint(self) -> dict[str, Any]:
        """Return what is written down before it goes out."""
        return {
            "caption": self.caption,
            "due_at": self.due_at.isoformat(),
            "file": self.file_name,
        }


@dataclass(frozen=True, kw_only=True)
class PostDetails:
    """A post with its photo and where it goes."""

    post: SocialPost
    photo: Photo
    target: SocialTarget | None


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A post is planned."""

    details: PostDetails


@dataclass(frozen=True, kw_only=True)
class NotScheduled:
    """A post is not planned, and why; `existing` is the one that the photo has already."""

    reason: DomainError
    existing: PostDetails | None = None


Scheduling: TypeAlias = Scheduled | NotScheduled


@dataclass(frozen=True, kw_only=True)
class CaptionDraft:
    """What a model, or a person, says of a photo."""

    caption: str
    alt_text: str
    first_comment: str = ""


@dataclass(frozen=True, kw_only=True)
class TargetChannel:
    """A channel of Discord's that photos may be posted on, as its moderators see it."""

    channel_id: int
    guild_id: int
    name: str
    is_public: bool


@dataclass(frozen=True, kw_only=True)
class BufferChannel:
    """A channel at Buffer. `problem` says why it takes nothing."""

    id: str
    name: str
    service: str
    time_zone: str
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class TargetDetails:
    """A target, the times of its week, how much waits for it, and when it is free next."""

    target: SocialTarget
    slots: Sequence[Slot]
    waiting: int
    free_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PostNotice(Notice):
    """What whoever planned a post is told of it: how it stands, and whose it is."""

    details: PostDetails
    personality: str
