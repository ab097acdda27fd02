"""The action that comments on a post."""

from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.base import SpeakingAction, with_footer
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, SentMessages


class CommentAction(SpeakingAction):
    """Sends a message in a post's thread."""

    kind: ClassVar = ActType.COMMENT
    action_type: ClassVar = ActionType.COMMENTED
    label: ClassVar = "comments"
    colour: ClassVar = "#E69F00"
    weight: ClassVar = 0.457
    delay: ClassVar = "comment"
    is_comment: ClassVar = True

    @override
    async def write(self, store: ActStore, context: ActContext) -> ActContent:
        return await self._writer.write(store, context, name="comment")

    @override
    async def send(self, context: ActContext, content: ActContent) -> SentMessages:
        return await self._adapter.comment(
            context.location, context.speaker, text=with_footer(content), answering=None
        )

    @override
    async def find(self, context: ActContext, content: ActContent) -> SentMessages | None:
        return await self._adapter.find(
            context.location, context.speaker, title="", text=with_footer(content), answering=None
        )
