"""The action that posts a generated image."""

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
from services.images import ImagePipeline, NoImageModel, StoredImage
from services.media import ObjectNotFound
from services.pictures import draw

_MIN_WORDS = 12


class ImagePostAction(PostAction):
    """Starts a thread with an image: generates a description, the image, then a caption."""

    kind: ClassVar = ActType.IMAGE_POST
    action_type: ClassVar = ActionType.POSTED
    label: ClassVar = "pictures"
    colour: ClassVar = "#CC79A7"
    weight: ClassVar = 0
    delay: ClassVar = "post"
    is_post: ClassVar = True
    needs_pictures: ClassVar = True

    @override
    async def write(self, store: ActStore, context: ActContext) -> ActContent:
        async def write_description() -> ActContent:
            return await self._writer.write(store, context, name="image_post", min_words=_MIN_WORDS)

        async def generate_image() -> StoredImage:
            return await self._generate_image(store, context, description.text)

        description = await store.step("seen", ActContent, write_description)
        image = await store.step("picture", StoredImage, generate_image)
        caption_context = replace(
            context, target=BoardMessage(name=context.name, text=description.text)
        )
        caption = await self._writer.write(store, caption_context, name="caption")
        return caption.model_copy(
            update={
                "title": title_of(caption.text),
                "alt": description.text,
                "picture": image,
                "tokens_in": caption.tokens_in + description.tokens_in,
                "tokens_out": caption.tokens_out + description.tokens_out,
                "cost_usd": caption.cost_usd
                + description.cost_usd
                + self._image_pipeline.images.price_usd,
            }
        )

    @override
    async def send(self, context: ActContext, content: ActContent) -> SentMessages:
        try:
            data = await self._image_pipeline.store.get(
                content.picture.key if content.picture else ""
            )
        except ObjectNotFound as error:
            raise Skipped(SkipReason.GONE) from error
        return await self._post(context, content, ImageAttachment(data=data, alt=content.alt))

    async def _generate_image(
        self, store: ActStore, context: ActContext, description: str
    ) -> StoredImage:
        _, stored = await draw(
            self._image_pipeline,
            store,
            subject=description,
            settings=context.images,
            face_key=context.face_key,
            key=f"boards/{context.task_id}.jpg",
            caller=context.caller,
        )
        return stored

    @property
    def _image_pipeline(self) -> ImagePipeline:
        if self._pipeline is None:
            raise NoImageModel
        return self._pipeline
