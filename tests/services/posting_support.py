"""Scheduled posts in front of stand-ins, and a process that delivers them until it is killed."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from typing_extensions import override

from bot.discord.errors import describe
from db.models import Photo, SocialPost, SocialTarget
from db.session import Sessions, connect
from services.buffer import BufferClient, BufferPublisher
from services.clock import Clock
from services.embeddings import ImageEmbedder, ImageEmbeddings, LocalImageEmbedder
from services.images import ImageModels, ImagePipeline
from services.jobs import CONCURRENCY, Handler, JobMetrics, Worker
from services.llm import PRICES, Ledger, background_calls
from services.media import DeleteHandler, FolderStore
from services.notifications import Notice, Notifier, ReplyAddress
from services.personalities import PersonalityService
from services.photos import (
    EmbedPhotoHandler,
    ImportOutcome,
    ImportResult,
    PhotoService,
    file_source,
)
from services.social import (
    CalendarService,
    CaptionDraft,
    DeliveryHandler,
    OutgoingPost,
    PostDetails,
    PostNotice,
    Publisher,
    Receipt,
    RemoteState,
    RemoveFromQueueHandler,
    Scheduled,
    SocialNoticeHandler,
    SocialService,
    TargetChannel,
    TargetKind,
    TargetService,
    delete_photos_and_posts,
)
from services.types import Actor
from tests.conftest import studio_of
from tests.fakes import FakeChatAdapter, HandClock
from tests.services.crashes import Checkpoint
from tests.services.job_support import QUICK, nothing_due
from tests.services.photo_files import photo
from tests.vendors.buffer import KEY

OWNER = Actor(discord_id=1, name="owner", is_bot_owner=True, moderates=True)
STRANGER = Actor(discord_id=2, name="stranger")
PLACE = TargetChannel(channel_id=77, guild_id=7, name="harbour", is_public=True)
NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
DUE = datetime(2026, 3, 28, 17, 0, tzinfo=UTC)  # the default of `Posting.planned`
TEXT = CaptionDraft(caption="The lamp is lit.", alt_text="A lighthouse at dusk.")


@dataclass(eq=False)
class FakePublisher(Publisher):
    """A publisher without a queue. It raises `error`, if that is set, instead of publishing."""

    published: list[OutgoingPost] = field(default_factory=list[OutgoingPost])
    error: Exception | None = None

    @property
    @override
    def finds_everything(self) -> bool:
        return True

    @override
    async def check(self, outgoing: OutgoingPost) -> None:
        if self.error is not None:
            raise self.error

    @override
    async def publish(self, outgoing: OutgoingPost) -> Receipt:
        self.published.append(outgoing)
        return self._receipt(len(self.published))

    @override
    async def find(self, outgoing: OutgoingPost, since: datetime) -> Receipt | None:
        for number, each in enumerate(self.published, start=1):
            if each.file_name == outgoing.file_name:
                return self._receipt(number)
        return None

    def _receipt(self, number: int) -> Receipt:
        return Receipt(remote_id=str(number), state=RemoteState.OUT, link=f"https://wall/{number}")


@dataclass(eq=False)
class RecordingNotifier(Notifier):
    """Records the notices that are sent."""

    notices: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    @override
    async def edit_reply(self, address: ReplyAddress, notice: Notice) -> bool:
        raise AssertionError("whoever planned a post is written to")

    @override
    async def send_dm(self, discord_id: int, notice: Notice) -> bool:
        assert isinstance(notice, PostNotice)
        self.notices.append((discord_id, notice.details.post.error or ""))
        return True


class Posting:
    """The services of photos and posts, in front of stand-ins."""

    def __init__(
        self,
        sessions: Sessions,
        studio: ImagePipeline,
        *,
        buffer_url: str | None = None,
        key: str = KEY,
        clock: Clock | None = None,
        search: timedelta = timedelta(0),
        embedder: ImageEmbedder | None = None,
    ) -> None:
        self.sessions = sessions
        self.studio = studio
        self.clock = clock or HandClock(NOW)
        self.wall = FakePublisher()
        self.notifier = RecordingNotifier()
        self.embedder = ImageEmbeddings(Ledger(sessions, PRICES), embedder or LocalImageEmbedder())
        client = BufferClient(sessions, api_key=key, base_url=buffer_url or "http://127.0.0.1:9/")
        self.buffer = BufferPublisher(client, studio.store)
        self.people = PersonalityService(sessions, on_delete=delete_photos_and_posts)
        self.photos = PhotoService(sessions, studio, self.embedder, FakeChatAdapter())
        self.posts = SocialService(sessions, self.clock)
        self.calendar = CalendarService(sessions, self.clock)
        channels = self.buffer if buffer_url else None
        self.targets = TargetService(sessions, channels, studio.background, self.clock)
        self._search = search

    @property
    def manual_clock(self) -> HandClock:
        assert isinstance(self.clock, HandClock)
        return self.clock

    @property
    def handlers(self) -> list[Handler]:
        publishers: Mapping[str, Publisher] = {
            TargetKind.DISCORD: self.wall,
            TargetKind.BUFFER: self.buffer,
        }
        return [
            DeliveryHandler(
                self.sessions,
                publishers,
                self.clock,
                describe=describe,
                search_duration=self._search,
            ),
            SocialNoticeHandler(self.sessions, self.notifier),
            RemoveFromQueueHandler(publishers),
            DeleteHandler(self.studio.store),
            EmbedPhotoHandler(self.sessions, self.studio.store, self.embedder),
        ]

    @asynccontextmanager
    async def working(self, checkpoint: Checkpoint = lambda _: None) -> AsyncGenerator[None]:
        worker = Worker(
            self.sessions,
            self.handlers,
            concurrency=CONCURRENCY,
            describe=describe,
            metrics=JobMetrics(),
            timing=replace(QUICK, poll=0.02),
            checkpoint=checkpoint,
        )
        async with worker.running():
            yield

    async def run_due_jobs(self, *, all_posts: bool = False, **span: float) -> None:
        """Move the clock forward, and run a worker until no job is due.

        With `all_posts`, or if the clock moves, jobs of posts are due at once.
        """
        if span:
            self.manual_clock.forward(**span)
        if all_posts or span:
            await self.make_due()
        async with self.working():
            await nothing_due(self.sessions)

    async def make_due(self) -> None:
        """Let all jobs of posts be due."""
        async with self.sessions.begin() as session:
            await session.execute(
                text("UPDATE jobs.jobs SET due_at = now() WHERE kind LIKE 'social%'")
            )

    async def personality(self, name: str = "Ada") -> UUID:
        return (await self.people.create(OWNER, {"name": name})).id

    async def library(self, count: int = 1, *, is_made: bool = False) -> list[Photo]:
        """Import photos for a new personality."""
        whose = await self.personality()
        sources = [file_source(f"p{number}.jpg", photo(number)) for number in range(count)]
        adding = self.photos.add(OWNER, whose, sources, is_ai_generated=is_made)
        taken: list[ImportResult] = [each async for each in adding]
        assert {each.outcome for each in taken} == {ImportOutcome.ADDED}
        return [each.photo for each in taken if each.photo]

    async def harbour(self, photo: Photo) -> SocialTarget:
        """Add a Discord channel as a target of the photo's personality."""
        return await self.targets.add_discord_channel(OWNER, photo.personality_id, PLACE)

    async def channel(self, photo: Photo, name: str = "ig") -> SocialTarget:
        """Add a Buffer channel as a target of the photo's personality."""
        return await self.targets.add_buffer_channel(OWNER, photo.personality_id, name)

    async def planned(
        self,
        photo: Photo,
        target: SocialTarget,
        when: str = "tomorrow 18:00",
        draft: CaptionDraft = TEXT,
    ) -> PostDetails:
        done = await self.posts.schedule_post(
            OWNER, photo.id, draft, target_id=target.id, when=when
        )
        assert isinstance(done, Scheduled), done
        return done.details

    async def schedule_new_photo(self) -> PostDetails:
        """Schedule a post of a new photo, for tomorrow on a Buffer channel."""
        (photo,) = await self.library()
        return await self.planned(photo, await self.channel(photo))

    async def now(self, entry: PostDetails) -> SocialPost:
        async with self.sessions() as session:
            return await session.get_one(SocialPost, entry.post.id)

    async def exists(self, entry: PostDetails) -> bool:
        async with self.sessions() as session:
            return await session.get(SocialPost, entry.post.id) is not None


def public(studio: ImagePipeline, base: str) -> ImagePipeline:
    """Return a copy whose files have public URLs under `base`."""
    store = studio.store
    assert isinstance(store, FolderStore)
    folder = store.path_of("x").parent
    return replace(studio, store=FolderStore(folder, base_url="http://x", public_base=base))


async def deliver(
    checkpoint: Checkpoint, url: str, buffer_url: str, folder: Path, base: str, now: str
) -> None:
    """Run a worker that delivers posts until no job is due."""
    async with connect(url) as sessions, background_calls() as carrier:
        images = ImageModels(Ledger(sessions, PRICES), carrier, None)
        studio = public(studio_of(images, carrier, folder), base)
        posting = Posting(
            sessions, studio, buffer_url=buffer_url, clock=HandClock(datetime.fromisoformat(now))
        )
        async with posting.working(checkpoint):
            await nothing_due(sessions)
        await images.close()
