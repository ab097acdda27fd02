"""Drawing a picture of a personality: the same face, style and rules wherever it is shown."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import select
from typing_extensions import override

from db.models import Personality
from db.session import Sessions
from services.access import Caller
from services.characters import STYLES, check_scene
from services.faces import main_face_key
from services.images import (
    ImageModels,
    ImagePipeline,
    ImageRequest,
    NoImageModel,
    StepGenerationState,
    Steps,
    StoredImage,
)
from services.llm import Image
from services.media import JPEG, ObjectNotFound, Picture
from services.personalities import ImageSettings, PersonalityDeleted
from services.pictures.errors import NoFaceToDraw

T = TypeVar("T")

MAX_SUBJECT: Final = 500  # characters
_PROMPT: Final = """\
{subject}
{style}
No writing, no watermark, no signature in the picture. Nobody famous. Fit for everyone to see."""


async def draw(
    pipeline: ImagePipeline,
    steps: Steps,
    *,
    subject: str,
    settings: ImageSettings,
    face_key: str | None,
    key: str,
    caller: Caller,
) -> tuple[Picture, StoredImage]:
    """Return a picture, and where it is stored; after a crash, the one that was begun before.

    Raises:
        BudgetSpent: A budget leaves no room for it.
        ModelError: It was not generated.
        NoImageModel: No image model is configured.
        StorageUnavailable, StorageMisconfigured, FileUnreachable: It could not be stored.
    """
    request = ImageRequest(
        prompt=_PROMPT.format(subject=subject, style=_style_lines(settings, face_key)),
        aspect=settings.aspect,
    )
    if face_key is not None:
        request = await _with_face(pipeline, steps, request, face_key)
    drawn = await pipeline.generate(request, StepGenerationState(steps), key=key, caller=caller)
    for url in request.upload_urls:
        await pipeline.images.delete_upload(url)
    return drawn


class PictureDrawer:
    """Draws personalities that have a face."""

    def __init__(self, sessions: Sessions, pipeline: ImagePipeline) -> None:
        self._sessions = sessions
        self._pipeline = pipeline

    @property
    def images(self) -> ImageModels:
        """Return the image models."""
        return self._pipeline.images

    @property
    def is_configured(self) -> bool:
        """Whether an image model is configured."""
        return self.images.is_configured

    async def check(self, personality_id: UUID, subject: str) -> None:
        """Check that a personality can be drawn, and as what.

        Raises:
            NoFaceToDraw: It has no face.
            NoImageModel: No image model is configured.
            PersonalityNotFound: It was deleted.
            SceneRefused: That is not drawn.
        """
        if not self.is_configured:
            raise NoImageModel
        check_scene(subject)
        await self._load(personality_id)

    async def draw(
        self, steps: Steps, personality_id: UUID, subject: str, *, key: str, caller: Caller
    ) -> tuple[Picture, StoredImage]:
        """Return a picture of a personality, and where it is stored.

        Raises:
            BudgetSpent, ModelError, NoImageModel, StorageUnavailable, StorageMisconfigured,
            FileUnreachable: As for `draw`.
            NoFaceToDraw, PersonalityNotFound, SceneRefused: As for `check`.
        """
        check_scene(subject)
        settings, face_key = await self._load(personality_id)
        return await draw(
            self._pipeline,
            steps,
            subject=subject,
            settings=settings,
            face_key=face_key,
            key=key,
            caller=caller,
        )

    async def _load(self, personality_id: UUID) -> tuple[ImageSettings, str]:
        """Return how a personality is drawn, and where its face is stored."""
        async with self._sessions() as session:
            personality = await session.scalar(
                select(Personality).where(
                    Personality.id == personality_id, Personality.deleted_at.is_(None)
                )
            )
            if personality is None:
                raise PersonalityDeleted
            face_key = await main_face_key(session, personality_id)
        if face_key is None or personality.avatar_explicit:
            raise NoFaceToDraw(personality.name)
        return ImageSettings.read(personality.image_settings), face_key


class MemorySteps(Steps):
    """Steps of work that is not gone on with after a crash."""

    def __init__(self) -> None:
        self._outputs: dict[str, Any] = {}

    @override
    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        if name not in self._outputs:
            self._outputs[name] = await function()
        return self._outputs[name]

    @override
    async def step_output(self, name: str, shape: type[T]) -> T | None:
        return self._outputs.get(name)

    @override
    async def forget_step(self, name: str) -> None:
        self._outputs.pop(name, None)


async def _with_face(
    pipeline: ImagePipeline, steps: Steps, request: ImageRequest, face_key: str
) -> ImageRequest:
    """Return a request with the face as its reference, if it can be read."""
    try:
        data = await pipeline.store.get(face_key)
    except ObjectNotFound:
        return request
    face = Image(media_type=JPEG, data=data)
    url = await steps.step("face", str, lambda: pipeline.images.upload(face))
    return replace(request, references=(face,), upload_urls=(url,))


def _style_lines(settings: ImageSettings, face_key: str | None) -> str:
    """Return how its maker wants a personality to be drawn, with a blank line after it."""
    style = STYLES.get(settings.style)
    lines = [
        *([f"Style: {style.tokens}."] if style else []),
        *(["Whoever speaks looks as in the reference picture."] if face_key else []),
        *([f"Not in the picture: {settings.avoid}."] if settings.avoid else []),
    ]
    return "".join(f"{line}\n" for line in lines)
