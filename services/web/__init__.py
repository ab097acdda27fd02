"""The web: searching it by a provider of the settings, and reading its pages."""

from services.web.errors import PageUnreadable
from services.web.pages import Page, PageReader
from services.web.ports import SearchProvider, SearchResult
from services.web.providers import BRAVE_URL, BraveProvider, SearxngProvider
from services.web.service import WebSearch

__all__ = [
    "BRAVE_URL",
    "BraveProvider",
    "Page",
    "PageReader",
    "PageUnreadable",
    "SearchProvider",
    "SearchResult",
    "SearxngProvider",
    "WebSearch",
]
