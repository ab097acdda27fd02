"""A comment on a post."""

from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.base import SpeakingAction, with_footer
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, SentMessages


class CommentAction(SpeakingAction):
    """Speaks in a post's thread."""

    kind: ClassVar = ActType.COMMENT
    action_type: ClassVar = ActionType.COMMENTED
    label: ClassVar = "comments"
    colour: ClassVar = "#E69F00"
    weight: ClassVar = 0.457
    delay: ClassVar = "comment"
    is_comment: ClassVar = True

    @override
    async def write(self, notebook: ActStore, scene: ActContext) -> ActContent:
        return await self._writer.write(notebook, scene, name="comment")

    @override
    async def send(self, scene: ActContext, words: ActContent) -> SentMessages:
        return await self._adapter.comment(
            scene.where, scene.speaker, text=with_footer(words), answering=None
        )

    @override
    async def find(self, scene: ActContext, words: ActContent) -> SentMessages | None:
        return await self._adapter.find(
            scene.where, scene.speaker, title="", text=with_footer(words), answering=None
        )
