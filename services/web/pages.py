"""Reading the text of public pages. Nothing on this machine or in a private network is read."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx2
from selectolax.lexbor import LexborHTMLParser

from services.public_network import PublicTransport
from services.texts import on_one_line, printable
from services.web.errors import PageUnreadable

_MAX_BYTES: Final = 200_000
_MAX_HOPS: Final = 4
_TIMEOUT: Final = 10.0
_PORTS: Final = (None, 80, 443)
_TEXTS: Final = ("text/", "application/json", "application/xhtml+xml", "application/xml")
_HTML: Final = ("text/html", "application/xhtml+xml")
# What is no text of a page.
_LEFT_OUT: Final = ["script", "style", "noscript", "template", "svg", "nav", "header", "footer"]
_HEADERS: Final = {"User-Agent": "Troupe", "Accept": "text/html, text/*;q=0.9"}


@dataclass(frozen=True, kw_only=True)
class Page:
    """The text of a page."""

    title: str
    text: str


class PageReader:
    """Reads pages by GET, the first 200 kB of each; `transport` opens connections of its own."""

    def __init__(
        self, transport: Callable[[], httpx2.AsyncBaseTransport] = PublicTransport
    ) -> None:
        self._transport = transport

    async def read(self, url: str) -> Page:
        """Return the text of a page.

        Raises:
            PageUnreadable: It is not there, not public, or no text.
        """
        try:
            return await self._follow(url)
        except (httpx2.HTTPError, httpx2.InvalidURL, LookupError, ValueError) as error:
            raise PageUnreadable(url) from error

    async def _follow(self, url: str) -> Page:
        address = httpx2.URL(url)
        for _ in range(_MAX_HOPS):
            if address.scheme not in ("http", "https") or address.port not in _PORTS:
                break
            # For each hop a client of its own: where it leads to is looked up anew.
            async with (
                httpx2.AsyncClient(
                    transport=self._transport(), timeout=_TIMEOUT, trust_env=False, headers=_HEADERS
                ) as client,
                client.stream("GET", address) as response,
            ):
                if response.has_redirect_location:
                    address = address.join(response.headers["location"])
                    continue
                response.raise_for_status()
                return await self._read(response)
        raise PageUnreadable(url)

    async def _read(self, response: httpx2.Response) -> Page:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not kind.startswith(_TEXTS):
            raise PageUnreadable(str(response.url))
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) >= _MAX_BYTES:
                break
        text = bytes(data[:_MAX_BYTES]).decode(response.charset_encoding or "utf-8", "replace")
        if not kind.startswith(_HTML):
            return Page(title="", text=printable(text).strip())
        return await asyncio.to_thread(_read_html, text)


def _read_html(text: str) -> Page:
    tree = LexborHTMLParser(text)
    title = tree.css_first("title")
    tree.strip_tags(_LEFT_OUT)
    body = tree.css_first("main") or tree.body
    lines = body.text(separator="\n", strip=True).splitlines() if body else []
    return Page(
        title=on_one_line(title.text()) if title else "",
        text=printable("\n".join(line for line in map(str.strip, lines) if line)),
    )
