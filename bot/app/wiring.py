"""From what reaches outside to services, each built once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from bot.app.file_references import FILE_REFERENCES
from bot.app.services import DiscordAdapters, Services
from bot.app.settings import Settings
from bot.discord.errors import describe
from db.session import Sessions
from services.buffer import BufferPublisher
from services.characters import (
    CharacterLimits,
    CharacterService,
    CleanupHandler,
    GalleryService,
    GenerateHandler,
    ProgressHandler,
)
from services.chat import (
    AnswerService,
    ChannelService,
    ChatService,
    ConversationWriter,
    ReplyGenerator,
)
from services.clock import Clock, SystemClock
from services.command_sync import CommandSyncService
from services.embeddings import ImageEmbedder, LocalImageEmbedder, TextEmbedder
from services.engine import (
    ActHandler,
    ActJob,
    BoardIngest,
    BoardService,
    Delays,
    EngineDependencies,
    EngineScheduler,
    EngineService,
    EngineTiming,
    Limits,
    Planner,
    Presence,
    Rhythm,
    Uniform,
)
from services.images import ImagePipeline
from services.jobs import CONCURRENCY, DISCORD, JobMetrics, JobService, Worker
from services.llm import VENDORS, LanguageModels
from services.llm_configs import LlmConfigService
from services.media import DeleteHandler, GarbageCollectionHandler, GarbageCollector
from services.memory import MemoryService
from services.people import PeopleService
from services.personalities import PersonalityService, SystemPromptService
from services.photos import EmbedPhotoHandler, PhotoService
from services.privacy import PrivacyService
from services.publishing import PublishHandler, PublishingService, PublishNoticeHandler
from services.social import (
    BUFFER,
    CalendarService,
    DeliveryHandler,
    Drafter,
    Publisher,
    RemoveFromQueueHandler,
    SocialNoticeHandler,
    SocialService,
    TargetKind,
    TargetService,
    delete_photos_and_posts,
)


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """How the engine goes about it."""

    rhythm: Rhythm = field(default_factory=Presence)
    limits: Limits = field(default_factory=Limits)
    interval: timedelta = timedelta(minutes=2)
    tasks_per_tick: int = 5

    @classmethod
    def of(cls, settings: Settings, *, rhythm: Rhythm | None = None) -> Self:
        """Return what the settings say."""
        windows = {
            act: tuple(getattr(settings, f"delay_{act}_{end}") / 1000 for end in ("min", "max"))
            for act in ("comment", "reply", "vote", "post")
        }
        presence = rhythm or Presence()
        return cls(
            rhythm=presence if settings.rhythm == "presence" else Uniform(Delays(**windows)),
            limits=Limits(
                acts_per_hour=settings.persona_max_actions_per_hour,
                posts_per_day=settings.persona_max_posts_per_day,
                requests_per_minute=settings.vendor_max_requests_per_minute,
                depth=settings.conversation_max_depth,
                replies_per_thread=settings.conversation_max_replies_per_thread,
                reply_probability=settings.conversation_reply_probability,
            ),
            interval=timedelta(milliseconds=settings.scheduler_interval_ms),
            tasks_per_tick=settings.max_tasks_per_tick,
        )


def assemble(
    sessions: Sessions,
    *,
    outside: DiscordAdapters,
    models: LanguageModels,
    studio: ImagePipeline,
    embedder: TextEmbedder,
    image_embedder: ImageEmbedder | None = None,
    buffer: BufferPublisher | None = None,
    clock: Clock | None = None,
    engine: EngineOptions | None = None,
    limits: CharacterLimits | None = None,
) -> Services:
    """Build every service from the few things that reach outside the process."""
    time = clock or SystemClock()
    personalities = PersonalityService(sessions, on_delete=delete_photos_and_posts)
    composer = ReplyGenerator(sessions, models, embedder, time)
    keeper = ConversationWriter(sessions, embedder)
    options = engine or EngineOptions()
    planner = Planner(options.rhythm, options.limits)
    tempo = EngineTiming(
        clock=time,
        interval=options.interval,
        tasks_per_tick=options.tasks_per_tick,
        can_paint=studio.images.is_configured,
    )
    desk = EngineDependencies(
        sessions=sessions,
        models=models,
        stage=outside.board_stage,
        studio=studio,
        planner=planner,
        limits=options.limits,
        tempo=tempo,
    )
    publishers: dict[str, Publisher] = {TargetKind.DISCORD: outside.publisher}
    if buffer is not None:
        publishers[TargetKind.BUFFER] = buffer
    looker = image_embedder or LocalImageEmbedder()
    sweeper = GarbageCollector(sessions, studio.store, FILE_REFERENCES)
    handlers = (
        PublishHandler(sessions, models),
        PublishNoticeHandler(outside.notifier),
        ActHandler(desk),
        GenerateHandler(sessions, models, studio, outside.notifier, describe=describe),
        ProgressHandler(sessions, studio.store, outside.notifier),
        CleanupHandler(sessions, studio),
        GarbageCollectionHandler(sweeper),
        DeleteHandler(studio.store),
        EmbedPhotoHandler(sessions, studio.store, looker),
        DeliveryHandler(sessions, publishers, time, describe=describe),
        SocialNoticeHandler(sessions, outside.notifier),
        RemoveFromQueueHandler(publishers),
    )
    metrics = JobMetrics()
    return Services(
        stage=outside.stage,
        models=models,
        ledger=models.ledger,
        people=PeopleService(sessions),
        personalities=personalities,
        system_prompts=SystemPromptService(sessions),
        configs=LlmConfigService(sessions, models, personalities),
        memory=MemoryService(sessions, embedder, time),
        privacy=PrivacyService(sessions),
        channels=ChannelService(sessions),
        answers=AnswerService(sessions, composer, keeper, outside.stage),
        chat=ChatService(sessions, composer, keeper, outside.stage),
        publishing=PublishingService(sessions, models),
        characters=CharacterService(
            sessions, studio, personalities, outside.stage, limits or CharacterLimits()
        ),
        galleries=GalleryService(sessions, studio.store),
        sweeper=sweeper,
        photos=PhotoService(sessions, studio, looker, outside.stage),
        posts=SocialService(sessions, time),
        calendar=CalendarService(sessions, time),
        targets=TargetService(sessions, buffer, studio.background, time),
        drafter=Drafter(sessions, models, studio.store),
        boards=BoardService(sessions, models, options.rhythm, options.limits, time),
        board_ear=BoardIngest(sessions, planner, tempo, outside.board_stage),
        engine=EngineService(sessions, planner, options.rhythm, options.limits, tempo),
        engine_loop=EngineScheduler(sessions, planner, tempo),
        command_sync=CommandSyncService(sessions),
        jobs=JobService(sessions, handlers, metrics),
        handlers=handlers,
        metrics=metrics,
    )


# Buffer wants calls one after the other: two or three at most.
_VENDOR_SLOTS: Mapping[str, int] = {
    **{vendor.name: vendor.concurrency for vendor in VENDORS.values()},
    BUFFER: 2,
    "replicate": 4,
}


def worker(
    sessions: Sessions,
    services: Services,
    *,
    has_discord: bool,
    max_jobs: int = 10,
    concurrency: Mapping[str, int] | None = None,
) -> Worker:
    """Build what does the work in the background, but for Discord's where there is no Discord."""
    limits = {**CONCURRENCY, **_VENDOR_SLOTS, **(concurrency or {})}
    if not has_discord:
        limits |= {DISCORD: 0, ActJob.group: 0}
    return Worker(
        sessions,
        services.handlers,
        concurrency=limits,
        describe=describe,
        metrics=services.metrics,
        max_jobs=max_jobs,
    )
