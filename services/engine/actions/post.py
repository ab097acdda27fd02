"""The action that creates a post."""

import re
from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.base import SpeakingAction, result_id, with_footer
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, ImageAttachment, SentMessages
from services.texts import on_one_line, shorten

_MAX_TITLE_LENGTH = 90
_LIST_MARK = re.compile(r"^(?:[-*+#>]+\s+)+")
_SENTENCE = re.compile(r"^.+?[.!?…](?=\s|$)", re.DOTALL)


class PostAction(SpeakingAction):
    """Starts a thread on the board."""

    kind: ClassVar = ActType.POST
    action_type: ClassVar = ActionType.POSTED
    label: ClassVar = "posts"
    colour: ClassVar = "#0072B2"
    weight: ClassVar = 0.198
    delay: ClassVar = "post"
    is_post: ClassVar = True

    @override
    async def write(self, store: ActStore, context: ActContext) -> ActContent:
        content = await self._writer.write(store, context, name="post")
        return content.model_copy(update={"title": title_of(content.text)})

    @override
    async def send(self, context: ActContext, content: ActContent) -> SentMessages:
        return await self._post(context, content)

    @override
    async def find(self, context: ActContext, content: ActContent) -> SentMessages | None:
        return await self._adapter.find(
            context.location,
            context.speaker,
            title=content.title,
            text=with_footer(content),
            answering=None,
        )

    async def _post(
        self, context: ActContext, content: ActContent, picture: ImageAttachment | None = None
    ) -> SentMessages:
        return await self._adapter.post(
            context.location,
            context.speaker,
            title=content.title,
            text=with_footer(content),
            post_id=result_id(context.task_id),
            picture=picture,
        )


def title_of(text: str) -> str:
    """Return a title for a forum: the first sentence, truncated."""
    line = _LIST_MARK.sub("", on_one_line(text))
    sentence = _SENTENCE.match(line)
    return shorten(sentence[0] if sentence else line, _MAX_TITLE_LENGTH)
