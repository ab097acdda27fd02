"""Remembering something, and looking in memory."""

from typing import ClassVar

from pydantic import BaseModel, Field
from typing_extensions import override

from db.session import Sessions
from services.embeddings import TextEmbedder
from services.memory import MeaningModel, ask, retrieve
from services.texts import on_one_line, shorten
from services.tools.base import Tool, ToolContext, ToolFailed, ToolResult

_MAX_FACT, _MAX_SHOWN = 300, 400  # characters
_MAX_MEMORIES, _THRESHOLD = 6, 0.2


class RememberArguments(BaseModel):
    """What is to be remembered."""

    fact: str = Field(
        description="One sentence that can be understood by itself, with names.",
        max_length=_MAX_FACT,
    )


class RememberTool(Tool[RememberArguments]):
    """Remembers one thing for its own sake, beside the exchange in which it was said."""

    name: ClassVar = "remember"
    label: ClassVar = "Remembers what it is asked to"
    description: ClassVar = (
        "Remember something about the person who speaks to you, when they ask you to or when it "
        "will matter for long."
    )
    arguments = RememberArguments
    shows_arguments: ClassVar = False

    @override
    def is_offered(self, context: ToolContext) -> bool:
        return context.is_remembered and context.is_new

    @override
    async def run(self, context: ToolContext, arguments: RememberArguments) -> ToolResult:
        fact = on_one_line(arguments.fact)
        if not fact:
            raise ToolFailed("Say what is to be remembered.")
        return ToolResult(text="It will be remembered.", memory=fact)


class LookInMemoryArguments(BaseModel):
    """What is looked for."""

    query: str = Field(description="What it was about, in a few words.", max_length=200)


class LookInMemoryTool(Tool[LookInMemoryArguments]):
    """Looks for earlier conversations, within the same rules as any answer."""

    name: ClassVar = "look_in_memory"
    label: ClassVar = "Looks in its memory"
    description: ClassVar = (
        "Look for something in earlier conversations that is not in this one, and not under "
        "“You remember”."
    )
    arguments = LookInMemoryArguments
    shows_arguments: ClassVar = False

    def __init__(
        self, sessions: Sessions, embedder: TextEmbedder, meaning: MeaningModel | None = None
    ) -> None:
        self._sessions = sessions
        self._embedder = embedder
        self._meaning = meaning or MeaningModel()

    @override
    def is_offered(self, context: ToolContext) -> bool:
        return context.is_recalled

    @override
    async def run(self, context: ToolContext, arguments: LookInMemoryArguments) -> ToolResult:
        question = await ask(self._embedder, arguments.query, names=[context.personality.name])
        memories = await retrieve(
            self._sessions,
            await self._meaning.add_to(question, caller=context.caller),
            personality_id=context.personality.id,
            user_id=context.user_id,
            channel=context.channel,
            before=context.history_from,
            threshold=_THRESHOLD,
            limit=_MAX_MEMORIES,
        )
        if not memories:
            raise ToolFailed("Nothing is remembered of it.")
        ordered = sorted(memories, key=lambda each: each.created_at)
        return ToolResult(
            text="\n".join(
                f"- ({each.created_at:%d %B %Y}) {shorten(on_one_line(each.content), _MAX_SHOWN)}"
                for each in ordered
            )
        )
