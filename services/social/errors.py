"""What can be wrong with posts, targets and times."""

from dataclasses import dataclass
from datetime import datetime

from services.errors import DomainError, TransientError


@dataclass(eq=False)
class PhotoHasPost(DomainError):
    """The photo has its one post already."""

    photo: str
    status: str
    target: str
    at: datetime | None


@dataclass(eq=False)
class PostNotFound(DomainError):
    """There is no such post of the actor's; no name where it was there a moment ago."""

    name: str


@dataclass(eq=False)
class SeveralPosts(DomainError):
    """More than one post of the actor's goes by a name."""

    name: str


@dataclass(eq=False)
class PostClosed(DomainError):
    """The post is past being changed."""

    status: str


@dataclass(eq=False)
class TargetNotFound(DomainError):
    """The personality posts on no such target."""

    name: str


@dataclass(eq=False)
class SeveralTargets(DomainError):
    """More than one target of the actor's goes by a name."""

    name: str


@dataclass(eq=False)
class TargetTaken(DomainError):
    """The personality posts there already."""

    name: str


@dataclass(eq=False)
class NoSuchBufferChannel(DomainError):
    """Buffer knows no such channel of ours."""

    name: str


@dataclass(eq=False)
class NetworkUnsupported(DomainError):
    """Photos cannot be posted on this network by themselves."""

    service: str


@dataclass(eq=False)
class CaptionTooLong(DomainError):
    """The caption is longer than the network takes, with what is added to it."""

    service: str
    limit: int
    length: int


@dataclass(eq=False)
class CommentUnsupported(DomainError):
    """There are no first comments on this network."""

    service: str


@dataclass(eq=False)
class UnknownTimeZone(DomainError):
    """There is no time zone of this name."""

    name: str


@dataclass(eq=False)
class TimeUnclear(DomainError):
    """It is not clear what time is meant."""

    text: str


@dataclass(eq=False)
class TimePast(DomainError):
    """The time is over, by the clocks of a zone."""

    text: str
    zone: str


@dataclass(eq=False)
class TimeTooFar(DomainError):
    """The time is further away than anybody plans."""

    at: datetime


@dataclass(eq=False)
class TimeInGap(DomainError):
    """Clocks are put forward over this time, so it never is."""

    text: str
    zone: str


@dataclass(eq=False)
class TimeTaken(DomainError):
    """Another post goes to this target at this minute."""

    at: datetime
    target: str


@dataclass(eq=False)
class SlotsUnclear(DomainError):
    """A line is no days and times."""

    line: str


@dataclass(eq=False)
class NoSlots(DomainError):
    """The target has no times of the week, or they are all taken for as long as is looked."""

    target: str


@dataclass(eq=False)
class TargetChannelGone(DomainError):
    """The channel is not there any more, or not for us."""

    name: str


@dataclass(eq=False)
class TargetChannelClosed(DomainError):
    """The channel takes nothing: it is disconnected or locked at Buffer."""

    name: str
    detail: str


@dataclass(eq=False)
class PostRefused(DomainError):
    """The other side refuses the post, and said why."""

    detail: str


@dataclass(eq=False)
class RemovedFromQueue(DomainError):
    """Somebody has taken the post out of the queue on the other side."""

    name: str


@dataclass(eq=False)
class TooLate(DomainError):
    """The post could not be sent within the time it is still wanted; `detail` may say why."""

    at: datetime
    detail: str = ""


@dataclass(eq=False)
class MissedWhileOffline(DomainError):
    """No process was running while the post was due, and now it is too late for it."""

    at: datetime


@dataclass(eq=False)
class ChangeTooLate(DomainError):
    """It was out before it could be changed or called off."""


@dataclass(eq=False)
class DeliveryCancelled(DomainError):
    """Whoever runs the bot has called the work off."""


@dataclass(eq=False)
class PublisherMissing(DomainError):
    """There is no way to this kind of target: a key is missing."""

    kind: str


@dataclass(eq=False)
class KeyRefused(DomainError):
    """The other side does not take our key."""


@dataclass(eq=False)
class DeliveryUnconfirmed(TransientError):
    """The other side may have taken the post, or not: it did not say."""

    detail: str = ""
    retry_after: float | None = 20


@dataclass(eq=False)
class PublisherBusy(TransientError):
    """The other side wants us to wait, or cannot be reached; nothing was posted."""

    detail: str
    retry_after: float | None = None


@dataclass(eq=False)
class QueueFull(PublisherBusy):
    """The queue on the other side takes no more for now."""
