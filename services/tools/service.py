"""The tools there are: which are offered to whom, and how a model's calls of them are run."""

import asyncio
import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import ValidationError

from services.errors import DomainError
from services.llm import BackgroundCalls, ToolCall, ToolSpec
from services.texts import on_one_line, printable, shorten
from services.tools.base import AnyTool, ToolContext, ToolFailed, ToolResult

log = logging.getLogger(__name__)

_TIMEOUT: Final = 20.0
_MAX_RESULT, _MAX_ARGUMENTS = 8000, 200  # characters


@dataclass(frozen=True, kw_only=True)
class CalledTool:
    """A call of a tool, as *Why this reply?* tells it, and its result."""

    label: str
    arguments: str
    result: ToolResult
    has_failed: bool = False


class Toolbox:
    """The tools of the process."""

    def __init__(self, tools: Sequence[AnyTool], background: BackgroundCalls) -> None:
        self._tools = {each.name: each for each in tools}
        self._background = background

    @property
    def tools(self) -> Sequence[AnyTool]:
        """Return all tools that the settings have what they need for."""
        return [each for each in self._tools.values() if each.is_configured]

    def chosen(self, names: Collection[str] | None) -> frozenset[str]:
        """Return the tools that a maker has chosen, or the usual ones where they have not."""
        if names is not None:
            return frozenset(names)
        return frozenset(each.name for each in self._tools.values() if each.is_default)

    def offered(
        self, context: ToolContext, *, forbidden: Collection[str] = ()
    ) -> tuple[ToolSpec, ...]:
        """Return the tools that a model may call here, except those that moderators forbid."""
        chosen = self.chosen(context.personality.tools)
        return tuple(
            ToolSpec(
                name=each.name,
                description=each.description,
                parameters=_parameters(each),
            )
            for each in self.tools
            if each.name in chosen and each.name not in forbidden and each.is_offered(context)
        )

    async def run(
        self, call: ToolCall, context: ToolContext, offered: Collection[str]
    ) -> CalledTool:
        """Run a model's call of one of the tools that it was offered; failures are its results."""
        tool = self._tools.get(call.name)
        if tool is None or call.name not in offered:
            text = ToolResult(text="There is no such function.")
            label = shorten(on_one_line(printable(call.name)), _MAX_ARGUMENTS)
            return CalledTool(label=label, arguments="", result=text, has_failed=True)
        shown = shorten(on_one_line(printable(call.arguments)), _MAX_ARGUMENTS)
        arguments = shown if tool.shows_arguments else ""
        try:
            result = await self._run(tool, call, context)
        except ToolFailed as error:
            failed = ToolResult(text=str(error))
            return CalledTool(label=tool.label, arguments=arguments, result=failed, has_failed=True)
        return CalledTool(label=tool.label, arguments=arguments, result=result)

    async def _run(self, tool: AnyTool, call: ToolCall, context: ToolContext) -> ToolResult:
        """Run a tool.

        Raises:
            ToolFailed: It does not work, or not like this.
        """
        try:
            arguments = tool.arguments.model_validate(json.loads(call.arguments or "{}"))
        except (ValidationError, ValueError, RecursionError) as error:
            raise ToolFailed("Its arguments are not as described.") from error

        async def run() -> ToolResult:
            async with asyncio.timeout(_TIMEOUT):
                return await tool.run(context, arguments)

        try:
            result = await self._background.call(run)
        except (DomainError, TimeoutError) as error:
            log.info("Tool %s failed: %r", tool.name, error)
            raise ToolFailed("It does not work just now.") from error
        text = shorten(printable(result.text), _MAX_RESULT)
        return ToolResult(text=text, memory=result.memory, picture=result.picture)


def _parameters(tool: AnyTool) -> dict[str, Any]:
    schema = _without_titles(tool.arguments.model_json_schema())
    schema.pop("description", None)  # of the class, for whoever reads the code
    return schema


def _without_titles(schema: Any) -> Any:
    """Return a JSON schema without the titles that pydantic makes up, which cost tokens."""
    if not isinstance(schema, dict):
        return schema
    items = cast("dict[str, Any]", schema).items()
    return {
        name: _without_titles(value)
        for name, value in items
        if not (name == "title" and isinstance(value, str))
    }
