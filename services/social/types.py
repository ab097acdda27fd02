"""Types of social posts."""

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
    """The state of a post at the publisher."""

    QUEUED = "queued"
    OUT = "out"
    FAILED = "failed"


class Receipt(BaseModel):
    """The publisher's answer about a post; `text` is what it says there, `detail` why it failed.

    `is_public` says whether everyone can see the channel, or None if that cannot change.
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
    """A post as it is sent. `caption` includes the AI mark, `due_at` is when it is to be visible.

    `others` are the publisher's ids of our other posts, which a search must not match.
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
        """Return the name of the file, by which the post can be recognised."""
        return f"{self.post_id}.jpg"

    @property
    def fingerprint(self) -> dict[str, Any]:
        """Return what is stored before the post is sent, to recognise it afterwards."""
        return {
            "caption": self.caption,
            "due_at": self.due_at.isoformat(),
            "file": self.file_name,
        }


@dataclass(frozen=True, kw_only=True)
class PostDetails:
    """A post with its photo and target."""

    post: SocialPost
    photo: Photo
    target: SocialTarget | None


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """The post was scheduled."""

    details: PostDetails


@dataclass(frozen=True, kw_only=True)
class NotScheduled:
    """The post was not scheduled; `existing` is the post that the photo already has."""

    reason: DomainError
    existing: PostDetails | None = None


Scheduling: TypeAlias = Scheduled | NotScheduled


@dataclass(frozen=True, kw_only=True)
class CaptionDraft:
    """The text of a post, written by a model or a person."""

    caption: str
    alt_text: str
    first_comment: str = ""


@dataclass(frozen=True, kw_only=True)
class TargetChannel:
    """A Discord channel that photos can be posted to."""

    channel_id: int
    guild_id: int
    name: str
    is_public: bool


@dataclass(frozen=True, kw_only=True)
class BufferChannel:
    """A channel at Buffer. `problem` says why it accepts no posts."""

    id: str
    name: str
    service: str
    time_zone: str
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class TargetDetails:
    """A target, its weekly slots, the number of planned posts, and its next free slot."""

    target: SocialTarget
    slots: Sequence[Slot]
    waiting: int
    free_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PostNotice(Notice):
    """A notice about the state of a post of a personality."""

    details: PostDetails
    personality: str
