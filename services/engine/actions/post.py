"""A new post."""

import re
from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.base import SpeakingAction, result_id, with_footer
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, ImageAttachment, SentMessages
from services.texts import on_one_line, shorten

_TITLE = 90
_SENTENCE = re.compile(r"^.+?[.!?…](?=\s|$)", re.DOTALL)


class PostAction(SpeakingAction):
    """Begins a thread on the board."""

    kind: ClassVar = ActType.POST
    action_type: ClassVar = ActionType.POSTED
    label: ClassVar = "posts"
    colour: ClassVar = "#0072B2"
    weight: ClassVar = 0.198
    delay: ClassVar = "post"
    is_post: ClassVar = True

    @override
    async def write(self, notebook: ActStore, scene: ActContext) -> ActContent:
        words = await self._writer.write(notebook, scene, name="post")
        return words.model_copy(update={"title": title_of(words.text)})

    @override
    async def send(self, scene: ActContext, words: ActContent) -> SentMessages:
        return await self._post(scene, words)

    @override
    async def find(self, scene: ActContext, words: ActContent) -> SentMessages | None:
        return await self._adapter.find(
            scene.where, scene.speaker, title=words.title, text=with_footer(words), answering=None
        )

    async def _post(
        self, scene: ActContext, words: ActContent, picture: ImageAttachment | None = None
    ) -> SentMessages:
        return await self._adapter.post(
            scene.where,
            scene.speaker,
            title=words.title,
            text=with_footer(words),
            post_id=result_id(scene.task_id),
            picture=picture,
        )


def title_of(text: str) -> str:
    """Return a title for a forum: the first sentence, or as much of it as fits."""
    line = on_one_line(text)
    first = _SENTENCE.match(line)
    return shorten(first[0] if first else line, _TITLE)
