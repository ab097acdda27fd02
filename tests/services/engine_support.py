"""A board adapter that outlives processes, and a process that acts until it is killed."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select, text
from typing_extensions import override

from bot.discord.errors import explain
from db.models import ActType, Board, BoardMember, Comment, EngineTask, Personality, Post
from db.session import Sessions, connect
from services.clock import Clock, SystemClock
from services.engine import (
    ActHandler,
    ActJob,
    BoardAdapter,
    BoardLocation,
    EngineDependencies,
    EngineTiming,
    ImageAttachment,
    Limits,
    Planner,
    Presence,
    SentMessages,
)
from services.engine.scheduler import enqueue_task, to_task
from services.engine.types import PlannedAct
from services.images import ImageModels, ImagePipeline
from services.images.replicate import ReplicateImageModel
from services.jobs import CONCURRENCY, JobMetrics, Worker
from services.llm import (
    PRICES,
    BackgroundCalls,
    ConfiguredVendor,
    LanguageModels,
    Ledger,
    background_calls,
)
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from services.social import recently_shared
from services.types import Speaker
from tests.conftest import studio_of
from tests.services.crashes import Checkpoint
from tests.services.job_support import QUICK, all_ended

STAGE = """
CREATE TABLE stage (id bigserial PRIMARY KEY, place bigint, name text, content text, title text)
"""


class TableAdapter(BoardAdapter):
    """A board adapter that writes to a table, so that messages outlive their process."""

    def __init__(self, sessions: Sessions, checkpoint: Checkpoint = lambda _: None) -> None:
        self._sessions = sessions
        self._checkpoint = checkpoint

    @override
    async def check(self, location: BoardLocation) -> None:
        self._checkpoint("ready")

    @override
    async def post(
        self,
        location: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        post_id: UUID,
        picture: ImageAttachment | None = None,
    ) -> SentMessages:
        if picture is not None:
            title = f"{picture.alt} {hashlib.sha256(picture.data).hexdigest()}"
        return SentMessages(
            message_ids=[await self._send(location.channel_id, speaker, text, title)]
        )

    @override
    async def comment(
        self, location: BoardLocation, speaker: Speaker, *, text: str, answering: int | None
    ) -> SentMessages:
        place = location.thread_id or location.post_message_id or 0
        sent = await self._send(place, speaker, f"{answering}: {text}", "")
        return SentMessages(message_ids=[sent], thread_id=place)

    @override
    async def find(
        self,
        location: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        answering: int | None,
    ) -> SentMessages | None:
        place = (
            location.channel_id if title else location.thread_id or location.post_message_id or 0
        )
        content = text if title else f"{answering}: {text}"
        async with self._sessions() as session:
            message_id = await session.scalar(
                _FIND, {"place": place, "name": speaker.name, "content": content}
            )
        if message_id is None:
            return None
        return SentMessages(message_ids=[message_id], thread_id=None if title else place)

    @override
    async def show_votes(
        self,
        location: BoardLocation,
        message_id: int,
        *,
        post_id: UUID,
        ups: int,
        downs: int,
        is_ours: bool,
    ) -> None:
        self._checkpoint("votes shown")

    async def _send(self, place: int, speaker: Speaker, content: str, title: str) -> int:
        self._checkpoint("about to be said")
        async with self._sessions.begin() as session:
            sent = await session.scalar(
                _SAY,
                {"place": place, "name": speaker.name, "content": content, "title": title},
            )
        self._checkpoint("said")
        return int(sent or 0)


_SAY = text(
    "INSERT INTO stage (place, name, content, title) "
    "VALUES (:place, :name, :content, :title) RETURNING id"
)
_FIND = text(
    "SELECT id FROM stage WHERE place = :place AND name = :name AND content = :content "
    "ORDER BY id DESC LIMIT 1"
)


def engine_dependencies(
    sessions: Sessions,
    models: LanguageModels,
    stage: BoardAdapter,
    *,
    limits: Limits | None = None,
    clock: Clock | None = None,
    studio: ImagePipeline | None = None,
) -> EngineDependencies:
    caps = limits or Limits(requests_per_minute=100_000)
    nobody = ImageModels(models.ledger, BackgroundCalls(), None)
    return EngineDependencies(
        sessions=sessions,
        models=models,
        adapter=stage,
        pipeline=studio or studio_of(nobody, BackgroundCalls(), Path()),
        # No personality replies by itself, so that only the test's acts are planned.
        planner=Planner(Presence(), Limits(replies_per_thread=0)),
        limits=caps,
        shared_photos=recently_shared,
        timing=EngineTiming(
            clock=clock or SystemClock(), interval=timedelta(minutes=2), tasks_per_tick=100
        ),
    )


def worker(
    sessions: Sessions,
    dependencies: EngineDependencies,
    *,
    at_once: int = 10,
    checkpoint: Checkpoint = lambda _: None,
    lanes: Mapping[str, int] | None = None,
) -> Worker:
    return Worker(
        sessions,
        [ActHandler(dependencies)],
        concurrency={**CONCURRENCY, ActJob.group: 3, **(lanes or {})},
        describe=lambda error: explain(error) or f"{type(error).__name__}: {error}",
        metrics=JobMetrics(),
        max_jobs=at_once,
        timing=QUICK,
        checkpoint=checkpoint,
    )


async def board(sessions: Sessions, **settings: object) -> Board:
    """Create a board with the seeded personalities, and the table of its adapter."""
    async with sessions.begin() as session:
        await session.execute(text(STAGE.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")))
        opened = Board(channel_id=77, guild_id=7)
        for name, value in settings.items():
            setattr(opened, name, value)
        session.add(opened)
        await session.flush()
        for each in await seeded_personalities(sessions):
            session.add(BoardMember(board_id=opened.id, personality_id=each.id))
    return opened


async def seeded_personalities(sessions: Sessions) -> list[Personality]:
    async with sessions() as session:
        personalities = await session.scalars(select(Personality).order_by(Personality.name))
        return list(personalities.all())


async def create_post_and_comment(
    sessions: Sessions, on: Board, *, by: Personality | None = None
) -> tuple[Post, Comment]:
    """Create a post by a person or a personality, and a person's comment, on a board."""
    async with sessions.begin() as session:
        now = SystemClock().now() - timedelta(minutes=1)
        post = Post(
            board_id=on.id,
            author_id=None if by else 5,
            personality_id=by.id if by else None,
            author_name=by.name if by else "Alice",
            content="Does anybody mend nets?",
            discord_message_ids=[500],
            created_at=now,
        )
        session.add(post)
        await session.flush()
        comment = Comment(
            post_id=post.id,
            author_id=6,
            author_name="Bob",
            content="My aunt does.",
            discord_message_ids=[501],
            created_at=now,
        )
        session.add(comment)
    return post, comment


async def enqueue_act(
    sessions: Sessions,
    on: Board,
    who: Personality,
    kind: ActType,
    *,
    post: Post | None = None,
    comment: Comment | None = None,
    in_seconds: float = 0,
) -> EngineTask:
    """Enqueue an act of a personality."""
    now = SystemClock().now()
    async with sessions.begin() as session:
        task = to_task(
            PlannedAct(
                personality_id=who.id,
                board_id=on.id,
                kind=kind,
                at=now + timedelta(seconds=in_seconds),
                post_id=post.id if post else None,
                comment_id=comment.id if comment else None,
            ),
            now,
        )
        session.add(task)
        await enqueue_task(session, task, SystemClock())
    return task


async def sent_messages(sessions: Sessions) -> list[tuple[str, str]]:
    """Return the messages that were sent: author and content."""
    async with sessions() as session:
        rows = await session.execute(text("SELECT name, content FROM stage ORDER BY id"))
        return [(name, content) for name, content in rows]


async def tasks(sessions: Sessions) -> list[EngineTask]:
    async with sessions() as session:
        rows = await session.scalars(select(EngineTask).order_by(EngineTask.created_at))
        return list(rows.all())


async def count(sessions: Sessions, kind: type) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(kind)) or 0


def vendor(url: str) -> ConfiguredVendor:
    texts = OpenAICompatible("openai", api_key="sk-x", base_url=url, dialect=Dialect())
    return ConfiguredVendor(texts, "gpt-6-luna")


def models_of(
    sessions: Sessions, carrier: BackgroundCalls, configured: ConfiguredVendor
) -> LanguageModels:
    return LanguageModels(Ledger(sessions, PRICES), carrier, {"openai": configured})


async def act(
    checkpoint: Checkpoint, url: str, vendor_url: str, image_vendor_url: str, folder: Path
) -> None:
    """Run a worker of the engine until no job is open."""
    async with connect(url) as sessions, background_calls() as carrier:
        configured = vendor(vendor_url)
        stage = TableAdapter(sessions, checkpoint)
        models = models_of(sessions, carrier, configured)
        images = image_models(models, carrier, image_vendor_url)
        dependencies = engine_dependencies(
            sessions, models, stage, studio=studio_of(images, carrier, folder)
        )
        async with worker(sessions, dependencies, at_once=1, checkpoint=checkpoint).running():
            await all_ended(sessions)
        await configured.texts.close()
        await images.close()


def image_models(models: LanguageModels, carrier: BackgroundCalls, address: str) -> ImageModels:
    """Return image models that call the stand-in at an address."""
    image_model = ReplicateImageModel(
        api_token="r8_x", model="google/nano-banana", base_url=address
    )
    return ImageModels(models.ledger, carrier, image_model, poll=0.01, deadline=5)
