"""Search providers: SearXNG, which one hosts oneself, and Brave.

https://docs.searxng.org/dev/search_api.html,
https://api-dashboard.search.brave.com/app/documentation/web-search/get-started.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import httpx2
from typing_extensions import override

from services.llm import ModelOverloaded, ModelUnavailable, read_error, read_path
from services.web.ports import SearchProvider, SearchResult

BRAVE_URL: Final = "https://api.search.brave.com"
_TIMEOUT: Final = 15.0
_MAX_RESULTS: Final = 5
_ERROR: Final = 400


class _HttpProvider(SearchProvider):
    """A provider that answers a GET with JSON."""

    def __init__(self, base_url: str, headers: Mapping[str, str] | None = None) -> None:
        self._client = httpx2.AsyncClient(
            base_url=base_url, headers=headers, timeout=_TIMEOUT, trust_env=False
        )

    async def _get(self, path: str, **parameters: str | int) -> Any:
        """Return a JSON document.

        Raises:
            ModelError: There was none.
        """
        try:
            response = await self._client.get(path, params=parameters)
        except httpx2.ConnectError as error:
            raise ModelOverloaded(self.name) from error
        except httpx2.HTTPError as error:
            raise ModelUnavailable(self.name) from error
        try:
            document: object = response.json()
        except (ValueError, RecursionError) as error:
            if response.status_code < _ERROR:
                raise ModelUnavailable(self.name) from error
            document = None
        if response.status_code >= _ERROR:
            retry_after = response.headers.get("retry-after")
            raise read_error(
                document, self.name, status=response.status_code, retry_after=retry_after
            )
        return document

    @override
    async def close(self) -> None:
        await self._client.aclose()


class SearxngProvider(_HttpProvider):
    """A SearXNG, whose settings have to allow the format `json`."""

    name = "searxng"

    @override
    async def search(self, query: str) -> Sequence[SearchResult]:
        document = await self._get("/search", q=query, format="json")
        return _results(document, ("results",), snippet="content")


class BraveProvider(_HttpProvider):
    """Brave's search API."""

    name = "brave"

    def __init__(self, api_key: str, base_url: str = BRAVE_URL) -> None:
        super().__init__(base_url, {"X-Subscription-Token": api_key})

    @override
    async def search(self, query: str) -> Sequence[SearchResult]:
        document = await self._get("/res/v1/web/search", q=query, count=_MAX_RESULTS)
        return _results(document, ("web", "results"), snippet="description")


def _results(document: Any, path: Sequence[str], *, snippet: str) -> list[SearchResult]:
    """Return the results in a document, of which nothing is trusted."""
    found = read_path(document, *path)
    results = [
        SearchResult(
            title=str(read_path(each, "title") or ""),
            url=str(read_path(each, "url") or ""),
            snippet=str(read_path(each, snippet) or ""),
        )
        for each in (cast("list[object]", found) if isinstance(found, list) else [])
    ]
    return [each for each in results if each.url][:_MAX_RESULTS]
