"""Errors of posts, targets and times."""

from dataclasses import dataclass
from datetime import datetime

from services.errors import DomainError, TransientError


@dataclass(eq=False)
class PhotoHasPost(DomainError):
    """The photo already has a post, and can have only one."""

    photo: str
    status: str
    target: str
    at: datetime | None


@dataclass(eq=False)
class PostNotFound(DomainError):
    """The actor has no such post; `name` is empty if it was deleted a moment ago."""

    name: str


@dataclass(eq=False)
class SeveralPosts(DomainError):
    """A name matches more than one post of the actor."""

    name: str


@dataclass(eq=False)
class PostClosed(DomainError):
    """The post can no longer be changed."""

    status: str


@dataclass(eq=False)
class TargetNotFound(DomainError):
    """The personality has no such target."""

    name: str


@dataclass(eq=False)
class SeveralTargets(DomainError):
    """A name matches more than one target of the actor."""

    name: str


@dataclass(eq=False)
class TargetTaken(DomainError):
    """The personality already has this target."""

    name: str


@dataclass(eq=False)
class NoSuchBufferChannel(DomainError):
    """The Buffer account has no such channel."""

    name: str


@dataclass(eq=False)
class NetworkUnsupported(DomainError):
    """Photos alone cannot be posted on this network."""

    service: str


@dataclass(eq=False)
class CaptionTooLong(DomainError):
    """The caption, with the AI mark, is longer than the network allows."""

    service: str
    limit: int
    length: int


@dataclass(eq=False)
class CommentUnsupported(DomainError):
    """The network does not support first comments."""

    service: str


@dataclass(eq=False)
class TimeUnclear(DomainError):
    """The time cannot be parsed."""

    text: str


@dataclass(eq=False)
class TimePast(DomainError):
    """The time is in the past; `text` is in the time zone `zone`."""

    text: str
    zone: str


@dataclass(eq=False)
class TimeTooFar(DomainError):
    """The time is further ahead than posts can be scheduled."""

    at: datetime


@dataclass(eq=False)
class TimeInGap(DomainError):
    """The time does not exist: clocks skip it when daylight saving time begins."""

    text: str
    zone: str


@dataclass(eq=False)
class TimeTaken(DomainError):
    """Another post is scheduled for this target at this minute."""

    at: datetime
    target: str


@dataclass(eq=False)
class SlotsUnclear(DomainError):
    """A line cannot be parsed as days and times."""

    line: str


@dataclass(eq=False)
class NoSlots(DomainError):
    """The target has no weekly slots, or none is free in the range that is searched."""

    target: str


@dataclass(eq=False)
class TargetChannelGone(DomainError):
    """The channel no longer exists, or is not accessible."""

    name: str


@dataclass(eq=False)
class TargetChannelClosed(DomainError):
    """The channel accepts no posts: it is disconnected or locked at Buffer."""

    name: str
    detail: str


@dataclass(eq=False)
class PostRefused(DomainError):
    """The publisher rejected the post; `detail` says why."""

    detail: str


@dataclass(eq=False)
class RemovedFromQueue(DomainError):
    """Somebody removed the post from the publisher's queue."""

    name: str


@dataclass(eq=False)
class TooLate(DomainError):
    """The post could not be sent in time; `detail` may say why."""

    at: datetime
    detail: str = ""


@dataclass(eq=False)
class MissedWhileOffline(DomainError):
    """No process was running when the post was due, and now it is too late."""

    at: datetime


@dataclass(eq=False)
class ChangeTooLate(DomainError):
    """The post was published before it could be changed or cancelled."""


@dataclass(eq=False)
class DeliveryCancelled(DomainError):
    """An operator cancelled the job."""


@dataclass(eq=False)
class PublisherMissing(DomainError):
    """There is no publisher for this kind of target: an API key is missing."""

    kind: str


@dataclass(eq=False)
class KeyRefused(DomainError):
    """The publisher rejected the API key."""


@dataclass(eq=False)
class DeliveryUnconfirmed(TransientError):
    """It is unknown whether the publisher accepted the post."""

    detail: str = ""
    retry_after: float | None = 20


@dataclass(eq=False)
class PublisherBusy(TransientError):
    """The publisher is rate-limiting or unreachable; nothing was posted."""

    detail: str
    retry_after: float | None = None


@dataclass(eq=False)
class QueueFull(PublisherBusy):
    """The publisher's queue is full."""
