"""An answer to a comment."""

from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.base import SpeakingAction, with_footer
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, SentMessages


class ReplyAction(SpeakingAction):
    """Speaks in a post's thread, with a link to what it answers."""

    kind: ClassVar = ActType.REPLY
    action_type: ClassVar = ActionType.REPLIED
    label: ClassVar = "replies"
    colour: ClassVar = "#009E73"
    delay: ClassVar = "reply"
    is_comment: ClassVar = True

    @override
    async def write(self, notebook: ActStore, scene: ActContext) -> ActContent:
        return await self._writer.write(notebook, scene, name="reply")

    @override
    async def send(self, scene: ActContext, words: ActContent) -> SentMessages:
        return await self._adapter.comment(
            scene.where, scene.speaker, text=with_footer(words), answering=_answering(scene)
        )

    @override
    async def find(self, scene: ActContext, words: ActContent) -> SentMessages | None:
        return await self._adapter.find(
            scene.where,
            scene.speaker,
            title="",
            text=with_footer(words),
            answering=_answering(scene),
        )


def _answering(scene: ActContext) -> int | None:
    return scene.target.message_id if scene.target else None
