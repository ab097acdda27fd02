"""Posting on Buffer's channels. Buffer has a queue of its own, and no keys against doing it twice.

So a post is known again by what it says, when it is due and where its picture is.
"""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel
from typing_extensions import override

from services.buffer import documents
from services.buffer.client import BufferClient
from services.buffer.errors import (
    BufferFull,
    BufferKeyRefused,
    BufferLimited,
    BufferNotFound,
    BufferRefused,
    BufferUnclear,
    BufferUnreachable,
)
from services.media import ObjectStore, check_link
from services.social import (
    Channel,
    ChannelClosed,
    ChannelGone,
    Channels,
    KeyRefused,
    OutcomeUnknown,
    Outgoing,
    PostRefused,
    PublisherBusy,
    Queue,
    Receipt,
    Stage,
)

# Our clock and theirs need not agree.
_SKEW = timedelta(minutes=5)
_MOST_PAGES = 10
_STAGES = {"sent": Stage.OUT, "error": Stage.FAILED}


class _Error(BaseModel):
    message: str = ""


class _Asset(BaseModel):
    source: str = ""


class _Post(BaseModel):
    id: str
    status: str
    text: str = ""
    dueAt: AwareDatetime | None = None  # noqa: N815 - their names
    sentAt: AwareDatetime | None = None  # noqa: N815
    externalLink: str | None = None  # noqa: N815
    error: _Error | None = None
    assets: list[_Asset] = []


class _Channel(BaseModel):
    id: str
    name: str
    service: str
    timezone: str = "UTC"
    isDisconnected: bool = False  # noqa: N815
    isLocked: bool = False  # noqa: N815
    organizationId: str = ""  # noqa: N815


class BufferPublisher(Queue, Channels):
    """Hands posts to Buffer's queue, and follows them there."""

    def __init__(self, client: BufferClient, store: ObjectStore) -> None:
        self._client = client
        self._store = store

    @property
    @override
    def sees_all(self) -> bool:
        """What was asked may be done after we have looked."""
        return False

    @override
    async def listed(self) -> Sequence[Channel]:
        with _our_errors("Buffer"):
            data = await self._client.ask(documents.ORGANIZATIONS)
            found: list[Channel] = []
            for each in data["account"]["organizations"]:
                told = await self._client.ask(documents.CHANNELS, organization=each["id"])
                found += [_channel(_Channel.model_validate(one)) for one in told["channels"]]
        return found

    @override
    async def check(self, outgoing: Outgoing) -> None:
        channel = await self._channel(outgoing)
        if problem := _channel(channel).problem:
            raise ChannelClosed(outgoing.channel_name, problem)
        await check_link(self._store.public_url(outgoing.storage_key))

    @override
    async def publish(self, outgoing: Outgoing) -> Receipt:
        wanted = {**self._input(outgoing), "channelId": outgoing.channel_id}
        with _our_errors(outgoing.channel_name):
            data = await self._client.ask(documents.CREATE, input=wanted)
            return _receipt(_acted(data["createPost"]))

    @override
    async def find(self, outgoing: Outgoing, since: datetime) -> Receipt | None:
        link = self._store.public_url(outgoing.storage_key)
        like: list[_Post] = []
        with _our_errors(outgoing.channel_name):
            channel = await self._channel(outgoing)
            async for each in self._posts(channel, since - _SKEW):
                if each.id in outgoing.others:
                    continue
                is_same_time = each.dueAt is not None and _same(each.dueAt, outgoing.due_at)
                is_same_text = each.text.strip() == outgoing.caption.strip()
                is_same_file = any(asset.source == link for asset in each.assets)
                if is_same_file or (is_same_time and is_same_text):
                    return _receipt(each)
                if is_same_time or (is_same_text and outgoing.caption):
                    like.append(each)
        if like:
            raise OutcomeUnknown
        return None

    @override
    async def look(self, remote_id: str) -> Receipt | None:
        with _our_errors("Buffer"):
            try:
                data = await self._client.ask(documents.POST, id=remote_id)
            except BufferNotFound:
                return None
            return _receipt(_Post.model_validate(data["post"]))

    @override
    async def change(self, remote_id: str, outgoing: Outgoing) -> Receipt | None:
        wanted = {**self._input(outgoing), "id": remote_id}
        with _our_errors(outgoing.channel_name):
            try:
                data = await self._client.ask(documents.EDIT, input=wanted)
                return _receipt(_acted(data["editPost"]))
            except BufferNotFound:
                return None

    @override
    async def take_back(self, remote_id: str) -> None:
        with _our_errors("Buffer"):
            try:
                data = await self._client.ask(documents.DELETE, id=remote_id)
            except BufferNotFound:
                return
            if data["deletePost"]["__typename"] != "DeletePostSuccess":
                raise BufferUnclear(str(data["deletePost"].get("message", ""))[:200])

    async def _channel(self, outgoing: Outgoing) -> _Channel:
        with _our_errors(outgoing.channel_name):
            try:
                data = await self._client.ask(documents.CHANNEL, id=outgoing.channel_id)
            except BufferNotFound as error:
                raise ChannelGone(outgoing.channel_name) from error
            return _Channel.model_validate(data["channel"])

    async def _posts(self, channel: _Channel, since: datetime) -> AsyncGenerator[_Post]:
        """Yield the posts that were made on a channel since a time, the newest first."""
        asked = {
            "organizationId": channel.organizationId,
            "filter": {"channelIds": [channel.id], "createdAt": {"start": _iso(since)}},
            "sort": [{"field": "createdAt", "direction": "desc"}],
        }
        after = None
        for _ in range(_MOST_PAGES):
            data = (await self._client.ask(documents.POSTS, input=asked, after=after))["posts"]
            for edge in data["edges"] or ():
                yield _Post.model_validate(edge["node"])
            if not data["pageInfo"]["hasNextPage"]:
                return
            after = data["pageInfo"]["endCursor"]
        raise OutcomeUnknown

    def _input(self, outgoing: Outgoing) -> dict[str, Any]:
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
            "aiAssisted": outgoing.is_made,
        }
        metadata = _metadata(outgoing)
        return {**wanted, "metadata": {outgoing.service: metadata}} if metadata else wanted


def _metadata(outgoing: Outgoing) -> dict[str, Any]:
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
            return {"isAiGenerated": True} if outgoing.is_made else {}
        case _:
            return {}


def _acted(payload: dict[str, Any]) -> _Post:
    """Return the post of a payload, or raise the error that it is instead."""
    if payload["__typename"] == "PostActionSuccess":
        return _Post.model_validate(payload["post"])
    message = str(payload.get("message", ""))[:200]
    match payload["__typename"]:
        case "NotFoundError":
            raise BufferNotFound
        case "UnauthorizedError":
            raise BufferKeyRefused
        case "LimitReachedError":
            raise BufferFull(message)
        case "UnexpectedError":
            raise BufferUnclear(message)
        case _:
            raise BufferRefused(message)


def _receipt(post: _Post) -> Receipt:
    return Receipt(
        remote_id=post.id,
        stage=_STAGES.get(post.status, Stage.QUEUED),
        link=post.externalLink,
        at=post.sentAt,
        detail=post.error.message[:300] if post.error else "the network refused it",
    )


def _channel(channel: _Channel) -> Channel:
    problem = "it is locked by your plan" if channel.isLocked else None
    problem = "it is disconnected" if channel.isDisconnected else problem
    return Channel(
        id=channel.id,
        name=channel.name,
        service=channel.service,
        time_zone=channel.timezone,
        problem=problem,
    )


def _same(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=1)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def _our_errors(name: str) -> Generator[None]:
    """Turn what Buffer answers into what posting knows."""
    try:
        yield
    except BufferUnclear as error:
        raise OutcomeUnknown(error.detail) from error
    except BufferUnreachable as error:
        raise PublisherBusy("it cannot be reached", 30) from error
    except BufferLimited as error:
        raise PublisherBusy("it has been asked too often", error.retry_after) from error
    except BufferFull as error:
        raise PublisherBusy(error.detail, error.retry_after) from error
    except BufferKeyRefused as error:
        raise KeyRefused from error
    except BufferNotFound as error:
        raise ChannelGone(name) from error
    except BufferRefused as error:
        raise PostRefused(error.detail) from error
