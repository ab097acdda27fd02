"""Functions that a language model may call while it writes an answer: one module each."""

from services.tools.base import AnyTool, Tool, ToolContext, ToolFailed, ToolResult
from services.tools.dice import DiceTool
from services.tools.memory import LookInMemoryTool, RememberTool
from services.tools.service import CalledTool, Toolbox
from services.tools.time import TimeTool
from services.tools.web import ReadPageTool, SearchWebTool

__all__ = [
    "AnyTool",
    "CalledTool",
    "DiceTool",
    "LookInMemoryTool",
    "ReadPageTool",
    "RememberTool",
    "SearchWebTool",
    "TimeTool",
    "Tool",
    "ToolContext",
    "ToolFailed",
    "ToolResult",
    "Toolbox",
]
