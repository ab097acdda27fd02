"""The action that replies to a comment."""

from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.base import SpeakingAction, with_footer
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, SentMessages


class ReplyAction(SpeakingAction):
    """Sends a message in a post's thread, with a link to its target."""

    kind: ClassVar = ActType.REPLY
    action_type: ClassVar = ActionType.REPLIED
    label: ClassVar = "replies"
    colour: ClassVar = "#009E73"
    delay: ClassVar = "reply"
    is_comment: ClassVar = True

    @override
    async def write(self, store: ActStore, context: ActContext) -> ActContent:
        return await self._writer.write(store, context, name="reply")

    @override
    async def send(self, context: ActContext, content: ActContent) -> SentMessages:
        return await self._adapter.comment(
            context.location,
            context.speaker,
            text=with_footer(content),
            answering=_target_message_id(context),
        )

    @override
    async def find(self, context: ActContext, content: ActContent) -> SentMessages | None:
        return await self._adapter.find(
            context.location,
            context.speaker,
            title="",
            text=with_footer(content),
            answering=_target_message_id(context),
        )


def _target_message_id(context: ActContext) -> int | None:
    return context.target.message_id if context.target else None
