"""Searching the web, and reading a page of it."""

from typing import ClassVar

from pydantic import BaseModel, Field
from typing_extensions import override

from services.texts import on_one_line, shorten
from services.tools.base import Tool, ToolContext, ToolFailed, ToolResult
from services.web import PageReader, WebSearch

_MAX_RESULTS, _MAX_SNIPPET, _MAX_PAGE = 5, 300, 6000  # characters of the latter two


class SearchWebArguments(BaseModel):
    """What is searched for."""

    query: str = Field(description="A few words, as one types them.", max_length=200)


class SearchWebTool(Tool[SearchWebArguments]):
    """Searches the web by the provider of the settings."""

    name: ClassVar = "search_web"
    label: ClassVar = "Searches the web"
    description: ClassVar = "Search the web for what is new, or what you do not know."
    arguments = SearchWebArguments
    is_default: ClassVar = False

    def __init__(self, search: WebSearch) -> None:
        self._search = search

    @property
    @override
    def is_configured(self) -> bool:
        return self._search.is_configured

    @override
    def is_offered(self, context: ToolContext) -> bool:
        return True

    @override
    async def run(self, context: ToolContext, arguments: SearchWebArguments) -> ToolResult:
        results = await self._search.search(arguments.query, caller=context.caller)
        if not results:
            raise ToolFailed("Nothing was found.")
        return ToolResult(
            text="\n".join(
                f"- {on_one_line(each.title)} ({each.url})\n"
                f"  {shorten(on_one_line(each.snippet), _MAX_SNIPPET)}"
                for each in results[:_MAX_RESULTS]
            )
        )


class ReadPageArguments(BaseModel):
    """Which page."""

    url: str = Field(description="The whole address, which begins with https://", max_length=500)


class ReadPageTool(Tool[ReadPageArguments]):
    """Reads the text of a public page."""

    name: ClassVar = "read_page"
    label: ClassVar = "Reads pages of the web"
    description: ClassVar = "Read the text of a page of the web, by its address."
    arguments = ReadPageArguments
    is_default: ClassVar = False

    def __init__(self, reader: PageReader | None) -> None:
        self._reader = reader

    @property
    @override
    def is_configured(self) -> bool:
        return self._reader is not None

    @override
    def is_offered(self, context: ToolContext) -> bool:
        return True

    @override
    async def run(self, context: ToolContext, arguments: ReadPageArguments) -> ToolResult:
        if self._reader is None:
            raise ToolFailed("Pages are not read here.")
        page = await self._reader.read(arguments.url)
        if not page.text:
            raise ToolFailed("There is no text on that page.")
        return ToolResult(text=f"{page.title}\n{shorten(page.text, _MAX_PAGE)}".strip())
