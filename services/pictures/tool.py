"""Sending a picture along with an answer."""

from typing import ClassVar

from pydantic import BaseModel, Field
from typing_extensions import override

from services.pictures.drawing import MAX_SUBJECT, PictureDrawer
from services.texts import on_one_line
from services.tools import Tool, ToolContext, ToolFailed, ToolResult


class SendPictureArguments(BaseModel):
    """What the picture shows."""

    subject: str = Field(
        description="What is to be seen, in one or two sentences: who, where, in what light.",
        max_length=MAX_SUBJECT,
    )


class SendPictureTool(Tool[SendPictureArguments]):
    """Has a picture made, which follows the answer as a message of its own."""

    name: ClassVar = "send_picture"
    label: ClassVar = "Sends pictures when asked for one"
    description: ClassVar = (
        "Send a picture, only when you are asked for one. It follows your answer by itself; do not "
        "describe it at length."
    )
    arguments = SendPictureArguments
    is_default: ClassVar = False

    def __init__(self, drawer: PictureDrawer) -> None:
        self._drawer = drawer

    @property
    @override
    def is_configured(self) -> bool:
        return self._drawer.is_configured

    @override
    def is_offered(self, context: ToolContext) -> bool:
        return context.is_new and context.has_place

    @override
    async def run(self, context: ToolContext, arguments: SendPictureArguments) -> ToolResult:
        subject = on_one_line(arguments.subject)
        if not subject:
            raise ToolFailed("Say what the picture shows.")
        await self._drawer.check(context.personality.id, subject)
        return ToolResult(text="It is being made, and follows your answer.", picture=subject)
