"""An answer to a comment."""

from typing_extensions import override

from services.engine.actions.base import Speaking, shown
from services.engine.ports import Notebook
from services.engine.types import Scene, Spoken, Words


class ReplyAction(Speaking):
    """Speaks in a post's thread, with a link to what it answers."""

    @override
    async def write(self, notebook: Notebook, scene: Scene) -> Words:
        return await self._writer.write(notebook, scene, name="reply")

    @override
    async def say(self, scene: Scene, words: Words) -> Spoken:
        return await self._stage.comment(
            scene.where, scene.speaker, text=shown(words), answering=_answering(scene)
        )

    @override
    async def find(self, scene: Scene, words: Words) -> Spoken | None:
        return await self._stage.find(
            scene.where,
            scene.speaker,
            title="",
            text=shown(words),
            answering=_answering(scene),
        )


def _answering(scene: Scene) -> int | None:
    return scene.asked.message_id if scene.asked else None
