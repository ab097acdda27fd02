"""Characters in front of stand-ins, a vision model, and a process that draws until it is killed."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from typing_extensions import override

from bot.discord.errors import describe
from db.models import Character, CharacterImage, GeneratedAsset, PromptArtifact
from db.session import Sessions, connect
from services.characters import (
    CharacterLimits,
    CharacterService,
    CleanupHandler,
    GalleryService,
    GenerateHandler,
    ImageOrder,
    Progress,
    ProgressHandler,
)
from services.faces import FaceHosting, FaceService
from services.images import ImagePipeline
from services.jobs import CONCURRENCY, Handler, JobMetrics, Worker
from services.llm import LanguageModels, background_calls
from services.media import DeleteHandler, FolderStore
from services.notifications import Notice, Notifier, ReplyAddress
from services.personalities import PersonalityService
from services.types import Actor, Attachment
from tests.conftest import studio_of
from tests.fakes import FakeChatAdapter, FakeFaceHost
from tests.services.crashes import Checkpoint
from tests.services.engine_support import image_models, models_of, vendor
from tests.services.job_support import QUICK, nothing_due
from tests.vendors.replicate import painted

OWNER = Actor(discord_id=1, name="owner")
STRANGER = Actor(discord_id=2, name="stranger")
SEEN: dict[str, Any] = {
    "people": 1,
    "is_sexual": False,
    "is_violent": False,
    "age_band": "adult",
    "hair": "short grey hair, combed back",
    "eyes": "pale blue, deep-set",
    "skin": "weathered, freckled",
    "face": "broad, a crooked nose",
    "build": "stocky",
    "clothing": "navy oilskin coat",
    "accessories": ["brass whistle", "wool cap"],
    "color_palette": ["navy", "brass yellow", "fog grey"],
    "features": ["a scar through the left eyebrow", "a gap between the front teeth"],
    "do_not_change": ["a scar through the left eyebrow"],
}
PHOTO = Attachment(name="me.jpg", media_type="image/jpeg", size=9, url="https://cdn/me.jpg")
FILES = {PHOTO.url: painted("photo", (900, 1200))}


def seen(**changes: Any) -> Callable[[dict[str, Any]], str]:
    """Return a vision model's answer to every photo."""
    return lambda _: json.dumps({**SEEN, **changes})


class RecordingNotifier(Notifier):
    """Records the progress that is shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, int]] = []

    @override
    async def edit_reply(self, address: ReplyAddress, notice: Notice) -> bool:
        assert isinstance(notice, Progress)
        self.shown.append((notice.character.status, len(notice.thumbnails)))
        return True

    @override
    async def send_dm(self, discord_id: int, notice: Notice) -> bool:
        raise AssertionError("progress is shown where it was asked for")


class Drawing:
    """The services of characters, in front of stand-ins."""

    def __init__(
        self, sessions: Sessions, models: LanguageModels, studio: ImagePipeline, **limits: int
    ) -> None:
        self.sessions = sessions
        self.studio = studio
        self.notifier = RecordingNotifier()
        self.models = models
        people = PersonalityService(sessions)
        faces = FaceService(
            sessions, studio, people, FaceHosting(sessions, studio.store, FakeFaceHost()), models
        )
        self.service = CharacterService(
            sessions, studio, faces, FakeChatAdapter(files=FILES), CharacterLimits(**limits)
        )
        self.galleries = GalleryService(sessions, studio.store)

    async def create(
        self, *, name: str = "Ada", photo: Attachment = PHOTO, **wish: Any
    ) -> Character:
        options: dict[str, Any] = {"style": "ink", "variants": 2, "reply": {"until": "x"}, **wish}
        order = ImageOrder(**options)
        return await self.service.create(
            OWNER, name=name, gender="female", photo=photo, order=order
        )

    @property
    def handlers(self) -> list[Handler]:
        store = self.studio.store
        return [
            GenerateHandler(
                self.sessions, self.models, self.studio, self.notifier, describe=describe
            ),
            ProgressHandler(self.sessions, store, self.notifier),
            CleanupHandler(self.sessions, self.studio),
            DeleteHandler(self.studio.store),
        ]

    @asynccontextmanager
    async def working(self, checkpoint: Checkpoint = lambda _: None) -> AsyncGenerator[None]:
        worker = Worker(
            self.sessions,
            self.handlers,
            concurrency=CONCURRENCY,
            describe=describe,
            metrics=JobMetrics(),
            timing=QUICK,
            checkpoint=checkpoint,
        )
        async with worker.running():
            yield

    async def run_due_jobs(self) -> None:
        """Run a worker until no job is due."""
        async with self.working():
            await nothing_due(self.sessions)

    async def now(self, character_id: UUID) -> Character:
        async with self.sessions() as session:
            return await session.get_one(Character, character_id)

    async def artifacts(self) -> list[PromptArtifact]:
        async with self.sessions() as session:
            artifacts = await session.scalars(
                select(PromptArtifact).order_by(PromptArtifact.created_at, PromptArtifact.variant)
            )
            return list(artifacts.all())

    async def assets(self) -> list[GeneratedAsset]:
        async with self.sessions() as session:
            return list((await session.scalars(select(GeneratedAsset))).all())

    async def images(self) -> list[CharacterImage]:
        async with self.sessions() as session:
            return list((await session.scalars(select(CharacterImage))).all())

    async def keys(self) -> set[str]:
        return {each.key async for each in self.studio.store.list_objects("")}


async def draw(
    checkpoint: Checkpoint, url: str, vendor_url: str, image_vendor_url: str, folder: Path
) -> None:
    """Run a worker that draws until no job is due."""
    async with connect(url) as sessions, background_calls() as carrier:
        configured = vendor(vendor_url)
        models = models_of(sessions, carrier, configured)
        images = image_models(models, carrier, image_vendor_url)
        drawing = Drawing(sessions, models, studio_of(images, carrier, folder))
        async with drawing.working(checkpoint):
            await nothing_due(sessions)
        await configured.texts.close()
        await images.close()


def public(drawing: Drawing, models: LanguageModels) -> Drawing:
    """Return a copy whose store has a public URL."""
    store = drawing.studio.store
    assert isinstance(store, FolderStore)
    folder = store.path_of("x").parent
    opened = FolderStore(folder, base_url="http://x", public_base="https://media.example")
    return Drawing(drawing.sessions, models, replace(drawing.studio, store=opened))
