"""An answer to a comment."""

from typing_extensions import override

from services.engine.actions.base import SpeakingAction, with_footer
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, SentMessages


class ReplyAction(SpeakingAction):
    """Speaks in a post's thread, with a link to what it answers."""

    @override
    async def write(self, notebook: ActStore, scene: ActContext) -> ActContent:
        return await self._writer.write(notebook, scene, name="reply")

    @override
    async def send(self, scene: ActContext, words: ActContent) -> SentMessages:
        return await self._stage.comment(
            scene.where, scene.speaker, text=with_footer(words), answering=_answering(scene)
        )

    @override
    async def find(self, scene: ActContext, words: ActContent) -> SentMessages | None:
        return await self._stage.find(
            scene.where,
            scene.speaker,
            title="",
            text=with_footer(words),
            answering=_answering(scene),
        )


def _answering(scene: ActContext) -> int | None:
    return scene.target.message_id if scene.target else None
