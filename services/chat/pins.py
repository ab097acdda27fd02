"""Looking at pinned messages, with the rights of whoever asks."""

from typing import ClassVar, Final

from pydantic import BaseModel, Field
from typing_extensions import override

from db.session import Sessions
from services.chat.addressing import load_context, redact
from services.chat.ports import ChatAdapter
from services.texts import shorten
from services.tools import Tool, ToolContext, ToolFailed, ToolResult
from services.types import IncomingMessage

_MAX_PINS: Final = 20
_MAX_SHOWN: Final = 300  # characters of each


class PinsArguments(BaseModel):
    """Where they are pinned."""

    channel: str = Field(
        default="", description="The name of a channel; empty for this one.", max_length=100
    )


class PinsTool(Tool[PinsArguments]):
    """Reads what is pinned in a channel that the speaker, and everybody here, may read."""

    name: ClassVar = "look_at_pins"
    label: ClassVar = "Looks at pinned messages"
    description: ClassVar = "Read the pinned messages of this channel, or of another of the server."
    arguments = PinsArguments

    def __init__(self, sessions: Sessions, adapter: ChatAdapter) -> None:
        self._sessions = sessions
        self._adapter = adapter

    @override
    def is_offered(self, context: ToolContext) -> bool:
        return context.has_place and context.channel.guild_id is not None

    @override
    async def run(self, context: ToolContext, arguments: PinsArguments) -> ToolResult:
        pins = await self._adapter.pins(
            context.channel, context.actor, arguments.channel, limit=_MAX_PINS
        )
        if pins is None:
            raise ToolFailed("There is no such channel for whoever asks.")
        if not pins:
            raise ToolFailed("Nothing is pinned there.")
        people = {discord_id for pin in pins for discord_id in pin.people}
        async with self._sessions() as session:
            left_out = await load_context(session, people=sorted(people))
        return ToolResult(
            text="\n".join(
                _line(redact(pin, left_out.opted_out, left_out.incognito))
                for pin in pins
                if not pin.author_ids & left_out.opted_out
            )
        )


def _line(pin: IncomingMessage) -> str:
    text = " ".join(filter(None, [pin.content, *(each.describe() for each in pin.attachments)]))
    return f"- {pin.author_name}: {shorten(' '.join(text.split()), _MAX_SHOWN)}"
