"""A comment on a post."""

from typing_extensions import override

from services.engine.actions.base import Speaking, shown
from services.engine.ports import Notebook
from services.engine.types import Scene, Spoken, Words


class CommentAction(Speaking):
    """Speaks in a post's thread."""

    @override
    async def write(self, notebook: Notebook, scene: Scene) -> Words:
        return await self._writer.write(notebook, scene, name="comment")

    @override
    async def say(self, scene: Scene, words: Words) -> Spoken:
        return await self._stage.comment(
            scene.where, scene.speaker, text=shown(words), answering=None
        )

    @override
    async def find(self, scene: Scene, words: Words) -> Spoken | None:
        return await self._stage.find(
            scene.where, scene.speaker, title="", text=shown(words), answering=None
        )
