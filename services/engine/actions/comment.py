"""A comment on a post."""

from typing_extensions import override

from services.engine.actions.base import SpeakingAction, with_footer
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, SentMessages


class CommentAction(SpeakingAction):
    """Speaks in a post's thread."""

    @override
    async def write(self, notebook: ActStore, scene: ActContext) -> ActContent:
        return await self._writer.write(notebook, scene, name="comment")

    @override
    async def send(self, scene: ActContext, words: ActContent) -> SentMessages:
        return await self._stage.comment(
            scene.where, scene.speaker, text=with_footer(words), answering=None
        )

    @override
    async def find(self, scene: ActContext, words: ActContent) -> SentMessages | None:
        return await self._stage.find(
            scene.where, scene.speaker, title="", text=with_footer(words), answering=None
        )
