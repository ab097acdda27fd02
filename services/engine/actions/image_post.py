"""A new post with a picture."""

from dataclasses import replace
from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.post import PostAction, title_of
from services.engine.errors import Skipped, SkipReason
from services.engine.ports import ActStore
from services.engine.types import (
    ActContent,
    ActContext,
    BoardMessage,
    ImageAttachment,
    SentMessages,
)
from services.images import (
    ImagePipeline,
    ImageRequest,
    NoImageModel,
    StepGenerationState,
    StoredImage,
)
from services.llm import Caller
from services.media import ObjectNotFound

_LEAST_WORDS = 12
_PROMPT = """\
{scene}

No writing, no watermark, no signature in the picture. Nobody famous. Fit for everyone to see."""


class ImagePostAction(PostAction):
    """Begins a thread with a picture: what it shows, the picture, then the words to it."""

    kind: ClassVar = ActType.IMAGE_POST
    action_type: ClassVar = ActionType.POSTED
    label: ClassVar = "pictures"
    colour: ClassVar = "#CC79A7"
    weight: ClassVar = 0
    delay: ClassVar = "post"
    is_post: ClassVar = True
    needs_pictures: ClassVar = True

    @override
    async def write(self, notebook: ActStore, scene: ActContext) -> ActContent:
        async def imagine() -> ActContent:
            return await self._writer.write(notebook, scene, name="image_post", least=_LEAST_WORDS)

        async def paint() -> StoredImage:
            return await self._paint(notebook, scene, seen.text)

        seen = await notebook.step("seen", ActContent, imagine)
        kept = await notebook.step("picture", StoredImage, paint)
        showing = replace(scene, target=BoardMessage(name=scene.name, text=seen.text))
        told = await self._writer.write(notebook, showing, name="caption")
        return told.model_copy(
            update={
                "title": title_of(told.text),
                "alt": seen.text,
                "picture": kept,
                "tokens_in": told.tokens_in + seen.tokens_in,
                "tokens_out": told.tokens_out + seen.tokens_out,
                "cost_usd": told.cost_usd + seen.cost_usd + self._pictures.images.price_usd,
            }
        )

    @override
    async def send(self, scene: ActContext, words: ActContent) -> SentMessages:
        try:
            data = await self._pictures.store.get(words.picture.key if words.picture else "")
        except ObjectNotFound as error:
            raise Skipped(SkipReason.GONE) from error
        return await self._post(scene, words, ImageAttachment(data=data, alt=words.alt))

    async def _paint(self, notebook: ActStore, scene: ActContext, seen: str) -> StoredImage:
        _, kept = await self._pictures.generate(
            ImageRequest(prompt=_PROMPT.format(scene=seen), aspect="4:3"),
            StepGenerationState(notebook),
            key=f"boards/{scene.task_id}.jpg",
            caller=Caller(
                purpose=f"engine {scene.kind}",
                personality_id=scene.personality_id,
                guild_id=scene.guild_id,
            ),
        )
        return kept

    @property
    def _pictures(self) -> ImagePipeline:
        if self._pipeline is None:
            raise NoImageModel
        return self._pipeline
