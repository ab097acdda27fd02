"""The action that posts a generated image."""

from dataclasses import replace
from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.characters import STYLES
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
from services.llm import Image
from services.media import JPEG, ObjectNotFound

_MIN_WORDS = 12
_PROMPT = """\
{scene}
{style}
No writing, no watermark, no signature in the picture. Nobody famous. Fit for everyone to see."""


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
        settings = context.images
        request = ImageRequest(
            prompt=_PROMPT.format(scene=description, style=_style_lines(context)),
            aspect=settings.aspect,
        )
        if context.face_key is not None:
            request = await self._with_face(store, request, context.face_key)
        _, stored = await self._image_pipeline.generate(
            request,
            StepGenerationState(store),
            key=f"boards/{context.task_id}.jpg",
            caller=context.caller,
        )
        for url in request.upload_urls:
            await self._image_pipeline.images.delete_upload(url)
        return stored

    async def _with_face(
        self, store: ActStore, request: ImageRequest, face_key: str
    ) -> ImageRequest:
        """Return a request with the face as its reference, if it can be read."""
        try:
            data = await self._image_pipeline.store.get(face_key)
        except ObjectNotFound:
            return request
        face = Image(media_type=JPEG, data=data)
        url = await store.step("face", str, lambda: self._image_pipeline.images.upload(face))
        return replace(request, references=(face,), upload_urls=(url,))

    @property
    def _image_pipeline(self) -> ImagePipeline:
        if self._pipeline is None:
            raise NoImageModel
        return self._pipeline


def _style_lines(context: ActContext) -> str:
    """Return how its maker wants a personality to be drawn, with a blank line after it."""
    style = STYLES.get(context.images.style)
    lines = [
        *([f"Style: {style.tokens}."] if style else []),
        *(["Whoever speaks looks as in the reference picture."] if context.face_key else []),
        *([f"Not in the picture: {context.images.avoid}."] if context.images.avoid else []),
    ]
    return "".join(f"{line}\n" for line in lines)
