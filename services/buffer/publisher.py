"""Publishing on Buffer's channels. Buffer has a queue of its own, but no idempotency keys.

So after an unclear outcome a post is identified by its text, its time and its picture's URL.
"""

import re
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from typing_extensions import override

from services.buffer.client import (
    CREATE_POST,
    DELETE_POST,
    EDIT_POST,
    GET_CHANNEL,
    GET_POST,
    LIST_CHANNELS,
    LIST_ORGANIZATIONS,
    LIST_POSTS,
    BufferClient,
    ChannelData,
    PostData,
)
from services.buffer.errors import (
    BufferCallFailed,
    BufferFull,
    BufferKeyRefused,
    BufferLimited,
    BufferNotFound,
    BufferOutcomeUnknown,
    BufferRefused,
)
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

# Buffer's clock and ours may differ.
_CLOCK_SKEW = timedelta(minutes=5)
_MAX_PAGES, _MAX_LINK = 10, 500
_HOUR_SECONDS = 3600
_REMOTE_STATES = {"sent": RemoteState.OUT, "error": RemoteState.FAILED}


class BufferPublisher(QueueingPublisher, ChannelDirectory):
    """Puts posts into Buffer's queue, and reads their state there."""

    def __init__(self, client: BufferClient, store: ObjectStore) -> None:
        self._client = client
        self._store = store

    @property
    @override
    def finds_everything(self) -> bool:
        """Return False: Buffer may execute a request after a search for its post."""
        return False

    @override
    async def list_channels(self) -> Sequence[BufferChannel]:
        with _domain_errors("Buffer", may_be_published=False):
            data = await self._client.execute(LIST_ORGANIZATIONS)
            channels: list[BufferChannel] = []
            for organization in data["account"]["organizations"]:
                answer = await self._client.execute(LIST_CHANNELS, organization=organization["id"])
                channels += [
                    _to_channel(ChannelData.model_validate(one)) for one in answer["channels"]
                ]
        return channels

    @override
    async def check(self, outgoing: OutgoingPost) -> None:
        channel = await self._fetch_channel(outgoing)
        if problem := _to_channel(channel).problem:
            raise TargetChannelClosed(outgoing.channel_name, problem)
        await check_link(self._store.public_url(outgoing.storage_key))

    @override
    async def publish(self, outgoing: OutgoingPost) -> Receipt:
        post_input = {**self._post_input(outgoing), "channelId": outgoing.channel_id}
        with _domain_errors(outgoing.channel_name):
            data = await self._client.execute(CREATE_POST, input=post_input)
            return _to_receipt(_unwrap_payload(data["createPost"]))

    @override
    async def find(self, outgoing: OutgoingPost, since: datetime) -> Receipt | None:
        picture_url = self._store.public_url(outgoing.storage_key)
        similar: list[PostData] = []
        with _domain_errors(outgoing.channel_name):
            channel = await self._fetch_channel(outgoing)
            async for each in self._list_posts(channel, since - _CLOCK_SKEW):
                if each.id in outgoing.others:
                    continue
                is_same_time = each.dueAt is not None and _is_same_time(each.dueAt, outgoing.due_at)
                is_same_text = each.text.strip() == outgoing.caption.strip()
                is_same_file = any(asset.source == picture_url for asset in each.assets)
                if is_same_file or (is_same_time and is_same_text):
                    return _to_receipt(each)
                if is_same_time or (is_same_text and outgoing.caption):
                    similar.append(each)
        if similar:
            raise DeliveryUnconfirmed
        return None

    @override
    async def fetch(self, remote_id: str) -> Receipt | None:
        with _domain_errors("Buffer", may_be_published=False):
            try:
                data = await self._client.execute(GET_POST, id=remote_id)
            except BufferNotFound:
                return None
            return _to_receipt(PostData.model_validate(data["post"]))

    @override
    async def update(self, remote_id: str, outgoing: OutgoingPost) -> Receipt | None:
        post_input = {**self._post_input(outgoing), "id": remote_id}
        # The update is idempotent, so an unclear outcome is retried.
        with _domain_errors(outgoing.channel_name, may_be_published=False):
            try:
                data = await self._client.execute(EDIT_POST, input=post_input)
                return _to_receipt(_unwrap_payload(data["editPost"]))
            except BufferNotFound:
                return None

    @override
    async def remove(self, remote_id: str) -> None:
        with _domain_errors("Buffer", may_be_published=False):
            try:
                data = await self._client.execute(DELETE_POST, id=remote_id)
            except BufferNotFound:
                return
            if data["deletePost"]["__typename"] != "DeletePostSuccess":
                message = str(data["deletePost"].get("message", ""))[:200]
                raise PublisherBusy(f"it does not let go of a post: {message}", _HOUR_SECONDS)

    async def _fetch_channel(self, outgoing: OutgoingPost) -> ChannelData:
        with _domain_errors(outgoing.channel_name, may_be_published=False):
            try:
                data = await self._client.execute(GET_CHANNEL, id=outgoing.channel_id)
            except BufferNotFound as error:
                raise TargetChannelGone(outgoing.channel_name) from error
            return ChannelData.model_validate(data["channel"])

    async def _list_posts(self, channel: ChannelData, since: datetime) -> AsyncGenerator[PostData]:
        """Yield the posts of a channel that were created since a time, the newest first."""
        posts_input = {
            "organizationId": channel.organizationId,
            "filter": {"channelIds": [channel.id], "createdAt": {"start": _iso(since)}},
            "sort": [{"field": "createdAt", "direction": "desc"}],
        }
        after = None
        for _ in range(_MAX_PAGES):
            data = (await self._client.execute(LIST_POSTS, input=posts_input, after=after))["posts"]
            for edge in data["edges"] or ():
                yield PostData.model_validate(edge["node"])
            if not data["pageInfo"]["hasNextPage"]:
                return
            after = data["pageInfo"]["endCursor"]
        raise DeliveryUnconfirmed

    def _post_input(self, outgoing: OutgoingPost) -> dict[str, Any]:
        picture_url = self._store.public_url(outgoing.storage_key)
        image: dict[str, Any] = {"url": picture_url}
        if outgoing.alt_text:
            image["metadata"] = {"altText": outgoing.alt_text}
        post_input: dict[str, Any] = {
            "schedulingType": "automatic",
            "mode": "customScheduled",
            "dueAt": _iso(outgoing.due_at),
            "text": outgoing.caption,
            "assets": [{"image": image}],
            "aiAssisted": outgoing.is_ai_generated,
        }
        metadata = _network_metadata(outgoing)
        return {**post_input, "metadata": {outgoing.service: metadata}} if metadata else post_input


def _network_metadata(outgoing: OutgoingPost) -> dict[str, Any]:
    """Return the metadata that a particular network requires."""
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


def _unwrap_payload(payload: dict[str, Any]) -> PostData:
    """Return the post of a mutation's payload, or raise its error."""
    if payload["__typename"] == "PostActionSuccess":
        return PostData.model_validate(payload["post"])
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


def _to_receipt(post: PostData) -> Receipt:
    return Receipt(
        remote_id=post.id,
        state=_REMOTE_STATES.get(post.status, RemoteState.QUEUED),
        link=_safe_link(post.externalLink or ""),
        at=post.sentAt,
        text=post.text,
        detail=post.error.message[:300] if post.error else "the network refused it",
    )


def _safe_link(link: str) -> str | None:
    """Return a link if it is safe to show in Discord, or None."""
    is_plain = link.startswith("https://") and not re.search(r"[\s()<>\[\]]", link)
    return link if is_plain and len(link) <= _MAX_LINK else None


def _to_channel(channel: ChannelData) -> BufferChannel:
    problem = "it is locked by your plan" if channel.isLocked else None
    problem = "it is disconnected" if channel.isDisconnected else problem
    return BufferChannel(
        id=channel.id,
        name=channel.name,
        service=channel.service,
        time_zone=channel.timezone,
        problem=problem,
    )


def _is_same_time(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=1)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def _domain_errors(name: str, *, may_be_published: bool = True) -> Generator[None]:
    """Turn Buffer's errors into domain errors.

    `may_be_published` says that an unclear outcome leaves it open whether the post is published;
    otherwise the call is retried.
    """
    try:
        yield
    except (BufferOutcomeUnknown, ValidationError, KeyError, TypeError) as error:
        if may_be_published:
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
