"""What errors about posts say to a person; a part of `bot.discord.words`."""

from datetime import datetime

import discord

from services.errors import DomainError
from services.social import (
    COMMENTED,
    LABELS,
    CaptionTooLong,
    ChangeTooLate,
    CommentUnsupported,
    DeliveryCancelled,
    DeliveryUnconfirmed,
    KeyRefused,
    NetworkUnsupported,
    NoSlots,
    NoSuchBufferChannel,
    PhotoHasPost,
    PostClosed,
    PostNotFound,
    PostRefused,
    PublisherBusy,
    PublisherMissing,
    RemovedFromQueue,
    SeveralPosts,
    SeveralTargets,
    SlotsUnclear,
    TargetChannelClosed,
    TargetChannelGone,
    TargetNotFound,
    TargetTaken,
    TimeInGap,
    TimePast,
    TimeTaken,
    TimeTooFar,
    TimeUnclear,
    TooLate,
    UnknownTimeZone,
)

_TIMES = "`2026-12-24 18:00`, `tomorrow 18:00`, `friday 6 pm`, `in 2 hours`, or `next slot`"
_STATUSES = {
    "draft": "a draft",
    "scheduled": "planned",
    "sending": "on its way",
    "posted": "posted",
    "failed": "failed",
    "unconfirmed": "perhaps posted: nobody knows",
    "cancelled": "being taken back",
}


def about_posts(error: DomainError) -> str | None:
    """Return what an error says, or None where it is about something else."""
    return (
        _about_planning(error)
        or _about_times(error)
        or _about_targets(error)
        or _about_delivery(error)
    )


def _about_planning(error: DomainError) -> str | None:
    match error:
        case PhotoHasPost(photo=photo, status=status, target=target, at=at):
            where = f" for **{_safe(target)}**" if target else ""
            when = f", {_time(at)}" if at else ""
            said = _STATUSES.get(status, status)
            return (
                f"**{_safe(photo)}** has its post already: it is {said}{where}{when}. A photo is "
                "posted once."
            )
        case PostNotFound(name=""):
            return "That post is not there any more."
        case PostNotFound(name=name):
            return f"You have no post called **{_safe(name)}**. `/schedule list` shows them."
        case SeveralPosts(name=name):
            return (
                f"More than one post is called **{_safe(name)}**. Name it by its id, as "
                "`/schedule list` shows it."
            )
        case PostClosed(status=status):
            return f"It is {_STATUSES.get(status, status)}, so that cannot be done with it."
        case CaptionTooLong(service=service, limit=limit, length=length):
            return (
                f"{_label(service)} takes {limit:,} characters, and these are {length:,}, with "
                "what is added to a picture that a machine made."
            )
        case CommentUnsupported(service=service):
            known = ", ".join(LABELS[each] for each in sorted(COMMENTED))
            return f"There are no first comments on {_label(service)}, only on {known}."
        case _:
            return None


def _about_times(error: DomainError) -> str | None:
    match error:
        case TimeUnclear(text=text):
            return f"**{_safe(text) or 'Nothing'}** is no time that I can read. Write {_TIMES}."
        case TimePast(text=text, zone=zone):
            return f"**{text}** in {_safe(zone)} is over. `/schedule zone` sets whose clocks count."
        case TimeTooFar(at=at):
            return f"{_time(at)} is too far away: two years is as far as I plan."
        case TimeInGap(text=text, zone=zone):
            return (
                f"There is no **{_safe(text)}** in {_safe(zone)}: the clocks are put forward "
                "over it."
            )
        case TimeTaken(at=at, target=target):
            return f"{_time(at)} is taken on **{_safe(target)}** by another post."
        case UnknownTimeZone(name=name):
            return f"I know no time zone **{_safe(name)}**. They are called like `Europe/Vienna`."
        case SlotsUnclear(line=line):
            return (
                f"**{_safe(line)}** is no line of days and times. Write them like "
                "`Mon-Fri 09:00, 18:30` or `Daily 12:00`, a hundred times at most."
            )
        case NoSlots(target=target):
            return (
                f"**{_safe(target)}** has no times of the week yet: set some with "
                f"`/schedule slots`, or write a time: {_TIMES}."
            )
        case _:
            return None


def _about_targets(error: DomainError) -> str | None:
    match error:
        case TargetNotFound(name=name):
            return (
                f"There is no target **{_safe(name)}** for this. `/schedule targets` shows and "
                "adds them."
            )
        case SeveralTargets(name=name):
            return (
                f"More than one target is called **{_safe(name)}**. Choose one of those that are "
                "suggested."
            )
        case TargetTaken(name=name):
            return f"Photos are posted on **{_safe(name)}** already."
        case NoSuchBufferChannel(name=name):
            return f"Buffer knows no channel **{_safe(name)}** of yours."
        case NetworkUnsupported(service=service):
            known = ", ".join(LABELS.values())
            return f"Photos alone cannot be posted on {_label(service)}. They can on {known}."
        case PublisherMissing():
            return (
                "Nothing can be posted through Buffer here: whoever runs this bot can set "
                "BUFFER_API_KEY."
            )
        case _:
            return None


def _about_delivery(error: DomainError) -> str | None:
    match error:
        case TargetChannelGone(name=name):
            return f"The channel **{_safe(name)}** is gone, or not open to me any more."
        case TargetChannelClosed(name=name, detail=detail):
            return f"**{_safe(name)}** takes no posts at Buffer: {_safe(detail)}."
        case PostRefused(detail=detail):
            return f"The post was refused: {_safe(detail)}."
        case KeyRefused():
            return (
                "Buffer does not take our key: whoever runs this bot must look at BUFFER_API_KEY."
            )
        case RemovedFromQueue(name=name):
            return f"Somebody took the post out of Buffer's queue for **{_safe(name)}**."
        case DeliveryCancelled():
            return "Whoever runs this bot has called it off."
        case TooLate(at=at, detail=None):
            return f"Nobody was here to post it at {_time(at)}, and now it is too late for it."
        case TooLate(at=at, detail=detail):
            why = f" ({_safe(detail)})" if detail else ""
            return f"It could not be posted at {_time(at)}{why}, and now it is too late for it."
        case ChangeTooLate():
            return "Your last change came too late: it was out by then, as it was before."
        case DeliveryUnconfirmed():
            return (
                "It may be posted, or not: the answer was lost, and it was not found there. "
                "Please look, and tell me."
            )
        case PublisherBusy(detail=detail):
            return f"It was not posted yet: {_safe(detail)}. I go on trying."
        case _:
            return None


def _label(service: str) -> str:
    return LABELS.get(service, _safe(service).capitalize())


def _time(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:f>"


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text[:200])
