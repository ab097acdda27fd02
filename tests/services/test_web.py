"""Searching the web and reading its pages, with loopback stand-ins of both."""

from collections.abc import AsyncGenerator, Callable

import httpx2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select
from typing_extensions import override

from db.models import LlmCall
from db.session import Sessions
from services.access import Caller
from services.llm import LanguageModels, ModelError, ModelMisconfigured, ModelRateLimited
from services.web import (
    BraveProvider,
    PageReader,
    PageUnreadable,
    SearchProvider,
    SearxngProvider,
    WebSearch,
)

PAGE = """<!doctype html><html><head><title> The ferry </title><style>b{}</style></head><body>
<nav>Home</nav><script>alert(1)</script><main><h1>Times</h1><p>It leaves at <b>nine</b>.</p></main>
</body></html>"""
RESULTS = [{"title": "Ferry", "url": "https://ferry.test", "content": "At nine.", "more": [1]}]


PAGES: dict[str, Callable[[], web.Response]] = {
    "/ferry": lambda: web.Response(text=PAGE, content_type="text/html"),
    "/latin": lambda: web.Response(
        body="Café".encode("latin-1"), content_type="text/plain", charset="latin-1"
    ),
    "/picture": lambda: web.Response(body=b"\x89PNG", content_type="image/png"),
}
REDIRECTS = {
    "/moved": "/ferry",
    "/loop": "/loop",
    "/inside": "http://10.0.0.1:8080/admin",
    "/file": "file:///etc/passwd",
}


class Web:
    """Sites of any name, SearXNG and Brave; `answers` are what the searches are answered with."""

    def __init__(self) -> None:
        self.port = 0
        self.url = ""
        self.asked: list[web.Request] = []
        self.answers: list[web.Response] = []

    def transport(self) -> httpx2.AsyncBaseTransport:
        """Return what reaches this server, whatever the name of the site."""
        port = self.port

        class ToLoopback(httpx2.AsyncHTTPTransport):
            @override
            async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
                request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port)
                return await super().handle_async_request(request)

        return ToLoopback()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if "search" in request.path:
            return self.answers.pop(0)
        if (target := REDIRECTS.get(request.path)) is not None:
            raise web.HTTPFound(target)
        if request.path != "/endless":
            return PAGES[request.path]() if request.path in PAGES else web.Response(status=404)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        for _ in range(400):
            await response.write(b"word " * 1000)
        return response


@pytest.fixture
async def site() -> AsyncGenerator[Web]:
    site = Web()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        address = server.make_url("/")
        site.port, site.url = address.port or 0, str(address).rstrip("/")
        yield site


@pytest.mark.parametrize("path", ["ferry", "moved"])
async def test_the_text_of_a_page_is_read(site: Web, path: str) -> None:
    page = await PageReader(site.transport).read(f"https://ferry.test/{path}")

    assert (page.title, page.text) == ("The ferry", "Times\nIt leaves at\nnine\n.")


async def test_plain_text_is_read_in_its_encoding(site: Web) -> None:
    assert (await PageReader(site.transport).read("http://ferry.test/latin")).text == "Café"


async def test_of_an_endless_page_the_beginning_is_read(site: Web) -> None:
    page = await PageReader(site.transport).read("https://ferry.test/endless")

    assert len(page.text) <= 200_000


@pytest.mark.parametrize(
    "url",
    [
        *("https://ferry.test/loop", "https://ferry.test/inside", "https://ferry.test/file"),
        *("https://ferry.test/picture", "https://ferry.test/gone", "ftp://ferry.test/x"),
        *("https://ferry.test:8080/ferry", "no address", "https://", "https://[::1", "\x00"),
    ],
)
async def test_what_is_no_public_text_is_not_read(site: Web, url: str) -> None:
    with pytest.raises(PageUnreadable):
        await PageReader(site.transport).read(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "[::1]", "169.254.169.254"])
async def test_nothing_of_a_private_network_is_read(host: str) -> None:
    with pytest.raises(PageUnreadable):
        await PageReader().read(f"http://{host}/latest/meta-data")


@pytest.mark.parametrize("provider", [SearxngProvider, BraveProvider])
async def test_a_search_returns_what_was_found(site: Web, provider: type[SearchProvider]) -> None:
    brave = [{**each, "description": each["content"]} for each in RESULTS]
    found = {"results": RESULTS} if provider is SearxngProvider else {"web": {"results": brave}}
    site.answers.append(web.json_response(found))
    search = (
        SearxngProvider(site.url) if provider is SearxngProvider else BraveProvider("k", site.url)
    )

    (result,) = await search.search("when does the ferry leave")

    assert (result.title, result.url, result.snippet) == ("Ferry", "https://ferry.test", "At nine.")
    assert site.asked[0].query["q"] == "when does the ferry leave"
    assert provider is SearxngProvider or site.asked[0].headers["X-Subscription-Token"] == "k"
    await search.close()


@pytest.mark.parametrize("body", ["[]", "7", '{"results": 3}', '{"results": [3, {"url": 4}]}'])
async def test_an_odd_answer_has_no_results(site: Web, body: str) -> None:
    site.answers.append(web.Response(text=body, content_type="application/json"))
    search = SearxngProvider(site.url)

    assert [each.url for each in await search.search("x")] in ([], ["4"])
    await search.close()


@pytest.mark.parametrize(
    ("status", "error"), [(403, ModelMisconfigured), (429, ModelRateLimited), (502, ModelError)]
)
async def test_a_refused_search_is_an_error_of_the_ledger(
    site: Web,
    sessions: Sessions,
    models: LanguageModels,
    status: int,
    error: type[ModelError],
) -> None:
    site.answers.append(web.Response(status=status, text="<html>No"))
    site.answers.append(web.json_response({"results": RESULTS}))
    search = WebSearch(models.ledger, SearxngProvider(site.url), price_usd=0.005)

    with pytest.raises(error):
        await search.search("x", caller=Caller(purpose="chat"))
    await search.search("x", caller=Caller(purpose="chat"))

    async with sessions() as session:
        calls = (await session.scalars(select(LlmCall).order_by(LlmCall.created_at))).all()
    assert [(each.model, each.purpose, each.outcome) for each in calls][1] == (
        *("searxng/search", "web search", "ok"),
    )
    assert calls[0].outcome != "ok"
    assert calls[1].cost_usd == pytest.approx(0.005)
    await search.close()
