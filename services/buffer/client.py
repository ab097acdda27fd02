"""A client of Buffer's GraphQL API: its documents, its data, and its errors as exceptions."""

import hashlib
import logging
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import AwareDatetime, BaseModel, ValidationError

from db.session import Sessions
from services.buffer.errors import (
    BufferKeyRefused,
    BufferLimited,
    BufferNotFound,
    BufferOutcomeUnknown,
    BufferRefused,
    BufferUnreachable,
)
from services.leases import ensure_lease
from services.rate_limits import RateWindows, WindowExhausted, parse_number

log = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=45, connect=10)
_USER_AGENT = "Troupe/0.1 (self-hosted Discord bot)"
_WINDOW_SECONDS = {"15m": 900, "24h": 86_400, "30d": 2_592_000}
_DEFAULT_RETRY_AFTER = 60.0
# With FORBIDDEN the object may exist all the same, so this is not `BufferNotFound`.
_KEY_REFUSED_CODES = ("UNAUTHORIZED", "UNAUTHENTICATED", "FORBIDDEN")

# GraphQL documents of the schema at https://developers.buffer.com.
_POST_FIELDS = "id status dueAt sentAt text externalLink error { message } assets { source }"

LIST_ORGANIZATIONS = "query { account { organizations { id } } }"
LIST_CHANNELS = """
query Channels($organization: OrganizationId!) {
  channels(input: {organizationId: $organization}) {
    id name service timezone isDisconnected isLocked organizationId
  }
}"""
GET_CHANNEL = """
query Channel($id: ChannelId!) {
  channel(input: {id: $id}) {
    id name service timezone isDisconnected isLocked organizationId
  }
}"""
GET_POST = f"query Post($id: PostId!) {{ post(input: {{id: $id}}) {{ {_POST_FIELDS} }} }}"
LIST_POSTS = f"""
query Posts($input: PostsInput!, $after: String) {{
  posts(input: $input, first: 50, after: $after) {{
    edges {{ node {{ {_POST_FIELDS} }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
# Each mutation selects the interface `MutationError`, which covers future error types, too.
CREATE_POST = f"""
mutation CreatePost($input: CreatePostInput!) {{
  createPost(input: $input) {{
    __typename
    ... on PostActionSuccess {{ post {{ {_POST_FIELDS} }} }}
    ... on MutationError {{ message }}
  }}
}}"""
EDIT_POST = f"""
mutation EditPost($input: EditPostInput!) {{
  editPost(input: $input) {{
    __typename
    ... on PostActionSuccess {{ post {{ {_POST_FIELDS} }} }}
    ... on MutationError {{ message }}
  }}
}}"""
DELETE_POST = """
mutation DeletePost($id: PostId!) {
  deletePost(input: {id: $id}) {
    __typename
    ... on DeletePostSuccess { id }
    ... on MutationError { message }
  }
}"""


class PostError(BaseModel):
    """Why a post failed."""

    message: str = ""


class AssetData(BaseModel):
    """A picture of a post."""

    source: str = ""


class PostData(BaseModel):
    """A post that is queued, published or failed. The names of the fields are Buffer's."""

    id: str
    status: str
    text: str = ""
    dueAt: AwareDatetime | None = None  # noqa: N815 - Buffer's names
    sentAt: AwareDatetime | None = None  # noqa: N815
    externalLink: str | None = None  # noqa: N815
    error: PostError | None = None
    assets: list[AssetData] = []


class ChannelData(BaseModel):
    """A channel on a social network."""

    id: str
    name: str
    service: str
    timezone: str = "UTC"
    isDisconnected: bool = False  # noqa: N815
    isLocked: bool = False  # noqa: N815
    organizationId: str = ""  # noqa: N815


class _Extensions(BaseModel):
    code: str = ""
    window: str = ""


class _GraphQLError(BaseModel):
    message: str = ""
    extensions: _Extensions = _Extensions()


class _Result(BaseModel):
    data: dict[str, Any] | None = None
    errors: list[_GraphQLError] = []


class BufferClient:
    """Sends GraphQL documents with a personal key, within Buffer's rate limits."""

    def __init__(self, sessions: Sessions, *, api_key: str, base_url: str) -> None:
        self._url = base_url
        self._headers = {"Authorization": f"Bearer {api_key}", "User-Agent": _USER_AGENT}
        digest = hashlib.sha256(api_key.encode()).hexdigest()[:12]
        self._windows = RateWindows(sessions, f"buffer:{digest}")

    async def execute(self, document: str, **variables: object) -> dict[str, Any]:
        """Send a document and return the data of the response.

        Raises:
            BufferKeyRefused, BufferNotFound, BufferRefused: Buffer rejects the request.
            BufferLimited: A rate limit is reached.
            BufferOutcomeUnknown: Buffer or the connection failed after the request was sent.
            BufferUnreachable: The request was not sent.
        """
        try:
            await self._windows.acquire()
        except WindowExhausted as error:
            raise BufferLimited(error.seconds, error.retry_after) from error
        payload = {"query": document, "variables": variables}
        ensure_lease()
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT, headers=self._headers) as session,
                session.post(self._url, json=payload, allow_redirects=False) as response,
            ):
                status, headers = response.status, response.headers
                text = await response.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise BufferUnreachable from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BufferOutcomeUnknown(type(error).__name__) from error
        await self._windows.record_headers(headers)
        result = _parse(text)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise await self._rate_limit_error(headers.get("Retry-After", ""), result)
        return _unwrap(status, result)

    async def _rate_limit_error(self, retry_header: str, result: _Result | None) -> BufferLimited:
        retry_after = parse_number(retry_header)
        retry_after = _DEFAULT_RETRY_AFTER if retry_after is None else retry_after
        window = result.errors[0].extensions.window if result and result.errors else ""
        seconds = _WINDOW_SECONDS.get(window, _WINDOW_SECONDS["15m"])
        await self._windows.exhaust(seconds, retry_after)
        return BufferLimited(seconds, retry_after)


def _parse(text: str) -> _Result | None:
    try:
        return _Result.model_validate_json(text)
    except ValidationError:
        return None


def _unwrap(status: int, result: _Result | None) -> dict[str, Any]:
    """Return the data of a response, or raise its error."""
    code = result.errors[0].extensions.code if result and result.errors else ""
    if code in _KEY_REFUSED_CODES or status == HTTPStatus.UNAUTHORIZED:
        raise BufferKeyRefused
    if result is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == "UNEXPECTED":
        raise BufferOutcomeUnknown(f"HTTP {status}")
    if code == "NOT_FOUND":
        raise BufferNotFound
    if result.errors or result.data is None or status != HTTPStatus.OK:
        raise BufferRefused(result.errors[0].message[:200] if result.errors else f"HTTP {status}")
    return result.data
