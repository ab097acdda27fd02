"""A new post."""

import re

from typing_extensions import override

from services.engine.actions.base import Speaking, result_of, shown
from services.engine.ports import Notebook
from services.engine.types import Enclosed, Scene, Spoken, Words
from services.texts import on_one_line, shorten

_TITLE = 90
_SENTENCE = re.compile(r"^.+?[.!?…](?=\s|$)", re.DOTALL)


class PostAction(Speaking):
    """Begins a thread on the board."""

    @override
    async def write(self, notebook: Notebook, scene: Scene) -> Words:
        words = await self._writer.write(notebook, scene, name="post")
        return words.model_copy(update={"title": title_of(words.text)})

    @override
    async def say(self, scene: Scene, words: Words) -> Spoken:
        return await self._post(scene, words)

    @override
    async def find(self, scene: Scene, words: Words) -> Spoken | None:
        return await self._stage.find(
            scene.where, scene.speaker, title=words.title, text=shown(words), answering=None
        )

    async def _post(self, scene: Scene, words: Words, picture: Enclosed | None = None) -> Spoken:
        return await self._stage.post(
            scene.where,
            scene.speaker,
            title=words.title,
            text=shown(words),
            post_id=result_of(scene.task_id),
            picture=picture,
        )


def title_of(text: str) -> str:
    """Return a title for a forum: the first sentence, or as much of it as fits."""
    line = on_one_line(text)
    first = _SENTENCE.match(line)
    return shorten(first[0] if first else line, _TITLE)
