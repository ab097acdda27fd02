"""Posting on Buffer's channels. Buffer has a queue of its own, and no keys against doing it twice.

So a post is known again by what it says, when it is due and where its picture is.
"""

import re
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from typing_extensions import override

from services.buffer import documents
from services.buffer.client import BufferClient
from services.buffer.errors import (
    BufferCallFailed,
    BufferFull,
    BufferKeyRefused,
    BufferLimited,
    BufferNotFound,
    BufferOutcomeUnknown,
    BufferRefused,
)
from services.buffer.shapes import ChannelData, Post
from services.errors import DomainError
from services.media import ObjectStore, check_link
from services.social import (
    BufferChannel,
    ChannelDirectory,
    DeliveryUnconfirmed,
    KeyRefused,
    OutgoingPost,
    PostRefused,
    PublisherBusy,
    QueueFull,
    QueueingPublisher,
    Receipt,
    RemoteState,
    TargetChannelClosed,
    TargetChannelGone,
)

# Our clock and theirs need not agree.
_SKEW = timedelta(minutes=5)
_MOST_PAGES, _MOST_LINK = 10, 500
_HOUR = 3600
_STAGES = {"sent": RemoteState.OUT, "error": RemoteState.FAILED}


class BufferPublisher(QueueingPublisher, ChannelDirectory):
    """Hands posts to Buffer's queue, and follows them there."""

    def __init__(self, client: BufferClient, store: ObjectStore) -> None:
        self._client = client
        self._store = store

    @property
    @override
    def finds_everything(self) -> bool:
        """What was asked may be done after we have looked."""
        return False

    @override
    async def listed(self) -> Sequence[BufferChannel]:
        with _our_errors("Buffer", changes=False):
            data = await self._client.execute(documents.ORGANIZATIONS)
            found: list[BufferChannel] = []
            for each in data["account"]["organizations"]:
                told = await self._client.execute(documents.CHANNELS, organization=each["id"])
                found += [_channel(ChannelData.model_validate(one)) for one in told["channels"]]
        return found

    @override
    async def check(self, outgoing: OutgoingPost) -> None:
        channel = await self._channel(outgoing)
        if problem := _channel(channel).problem:
            raise TargetChannelClosed(outgoing.channel_name, problem)
        await check_link(self._store.public_url(outgoing.storage_key))

    @override
    async def publish(self, outgoing: OutgoingPost) -> Receipt:
        wanted = {**self._input(outgoing), "channelId": outgoing.channel_id}
        with _our_errors(outgoing.channel_name):
            data = await self._client.execute(documents.CREATE, input=wanted)
            return _receipt(_acted(data["createPost"]))

    @override
    async def find(self, outgoing: OutgoingPost, since: datetime) -> Receipt | None:
        link = self._store.public_url(outgoing.storage_key)
        like: list[Post] = []
        with _our_errors(outgoing.channel_name):
            channel = await self._channel(outgoing)
            async for each in self._posts(channel, since - _SKEW):
                if each.id in outgoing.others:
                    continue
                is_same_time = each.dueAt is not None and _is_same_post(each.dueAt, outgoing.due_at)
                is_same_text = each.text.strip() == outgoing.caption.strip()
                is_same_file = any(asset.source == link for asset in each.assets)
                if is_same_file or (is_same_time and is_same_text):
                    return _receipt(each)
                if is_same_time or (is_same_text and outgoing.caption):
                    like.append(each)
        if like:
            raise DeliveryUnconfirmed
        return None

    @override
    async def fetch(self, remote_id: str) -> Receipt | None:
        with _our_errors("Buffer", changes=False):
            try:
                data = await self._client.execute(documents.POST, id=remote_id)
            except BufferNotFound:
                return None
            return _receipt(Post.model_validate(data["post"]))

    @override
    async def update(self, remote_id: str, outgoing: OutgoingPost) -> Receipt | None:
        wanted = {**self._input(outgoing), "id": remote_id}
        # It may be asked again: whoever looks sees how it is there.
        with _our_errors(outgoing.channel_name, changes=False):
            try:
                data = await self._client.execute(documents.EDIT, input=wanted)
                return _receipt(_acted(data["editPost"]))
            except BufferNotFound:
                return None

    @override
    async def remove(self, remote_id: str) -> None:
        with _our_errors("Buffer", changes=False):
            try:
                data = await self._client.execute(documents.DELETE, id=remote_id)
            except BufferNotFound:
                return
            if data["deletePost"]["__typename"] != "DeletePostSuccess":
                message = str(data["deletePost"].get("message", ""))[:200]
                raise PublisherBusy(f"it does not let go of a post: {message}", _HOUR)

    async def _channel(self, outgoing: OutgoingPost) -> ChannelData:
        with _our_errors(outgoing.channel_name, changes=False):
            try:
                data = await self._client.execute(documents.CHANNEL, id=outgoing.channel_id)
            except BufferNotFound as error:
                raise TargetChannelGone(outgoing.channel_name) from error
            return ChannelData.model_validate(data["channel"])

    async def _posts(self, channel: ChannelData, since: datetime) -> AsyncGenerator[Post]:
        """Yield the posts that were made on a channel since a time, the newest first."""
        asked = {
            "organizationId": channel.organizationId,
            "filter": {"channelIds": [channel.id], "createdAt": {"start": _iso(since)}},
            "sort": [{"field": "createdAt", "direction": "desc"}],
        }
        after = None
        for _ in range(_MOST_PAGES):
            data = (await self._client.execute(documents.POSTS, input=asked, after=after))["posts"]
            for edge in data["edges"] or ():
                yield Post.model_validate(edge["node"])
            if not data["pageInfo"]["hasNextPage"]:
                return
            after = data["pageInfo"]["endCursor"]
        raise DeliveryUnconfirmed

    def _input(self, outgoing: OutgoingPost) -> dict[str, Any]:
        link = self._store.public_url(outgoing.storage_key)
        image: dict[str, Any] = {"url": link}
        if outgoing.alt_text:
            image["metadata"] = {"altText": outgoing.alt_text}
        wanted: dict[str, Any] = {
            "schedulingType": "automatic",
            "mode": "customScheduled",
            "dueAt": _iso(outgoing.due_at),
            "text": outgoing.caption,
            "assets": [{"image": image}],
            "aiAssisted": outgoing.is_ai_generated,
        }
        metadata = _metadata(outgoing)
        return {**wanted, "metadata": {outgoing.service: metadata}} if metadata else wanted


def _metadata(outgoing: OutgoingPost) -> dict[str, Any]:
    """Return what a network asks for beyond what all do."""
    comment = {"firstComment": outgoing.first_comment} if outgoing.first_comment else {}
    match outgoing.service:
        case "instagram":
            return {"type": "post", "shouldShareToFeed": True, **comment}
        case "facebook":
            return {"type": "post", **comment}
        case "linkedin":
            return comment
        case "twitter":
            return {"isAiGenerated": True} if outgoing.is_ai_generated else {}
        case _:
            return {}


def _acted(payload: dict[str, Any]) -> Post:
    """Return the post of a payload, or raise the error that it is instead."""
    if payload["__typename"] == "PostActionSuccess":
        return Post.model_validate(payload["post"])
    message = str(payload.get("message", ""))[:200]
    match payload["__typename"]:
        case "NotFoundError":
            raise BufferNotFound
        case "UnauthorizedError":
            raise BufferKeyRefused
        case "LimitReachedError":
            raise BufferFull(message)
        case "UnexpectedError":
            raise BufferOutcomeUnknown(message)
        case _:
            raise BufferRefused(message)


def _receipt(post: Post) -> Receipt:
    return Receipt(
        remote_id=post.id,
        state=_STAGES.get(post.status, RemoteState.QUEUED),
        link=_link(post.externalLink or ""),
        at=post.sentAt,
        text=post.text,
        detail=post.error.message[:300] if post.error else "the network refused it",
    )


def _link(link: str) -> str | None:
    """Return an address that can be shown to people, or None."""
    is_plain = link.startswith("https://") and not re.search(r"[\s()<>\[\]]", link)
    return link if is_plain and len(link) <= _MOST_LINK else None


def _channel(channel: ChannelData) -> BufferChannel:
    problem = "it is locked by your plan" if channel.isLocked else None
    problem = "it is disconnected" if channel.isDisconnected else problem
    return BufferChannel(
        id=channel.id,
        name=channel.name,
        service=channel.service,
        time_zone=channel.timezone,
        problem=problem,
    )


def _is_same_post(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=1)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def _our_errors(name: str, *, changes: bool = True) -> Generator[None]:
    """Turn what Buffer answers into what posting knows.

    `changes` says that it counts whether what was asked was done, where Buffer did not say.
    """
    try:
        yield
    except (BufferOutcomeUnknown, ValidationError, KeyError, TypeError) as error:
        if changes:
            raise DeliveryUnconfirmed(str(error)) from error
        raise PublisherBusy("it does not answer in a way that I understand", 60) from error
    except BufferCallFailed as error:
        raise _to_domain_error(error, name) from error


def _to_domain_error(error: BufferCallFailed, name: str) -> DomainError:
    match error:
        case BufferLimited(retry_after=wait):
            return PublisherBusy("it has been asked too often", wait)
        case BufferFull(detail=detail):
            return QueueFull(detail)
        case BufferKeyRefused():
            return KeyRefused()
        case BufferNotFound():
            return TargetChannelGone(name)
        case BufferRefused(detail=detail):
            return PostRefused(detail)
        case _:
            return PublisherBusy("it cannot be reached", 30)
