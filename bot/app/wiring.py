"""Construction of all services from their adapters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from bot.app.file_references import FILE_REFERENCES
from bot.app.services import DiscordAdapters, Services
from bot.app.settings import Settings
from bot.discord.errors import describe
from db.session import Sessions
from services.access import (
    AuditService,
    BlockService,
    Budgets,
    Quotas,
    ServerService,
    UploadLimiter,
)
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
    AnswerSlots,
    ChannelService,
    ChatService,
    ConversationWriter,
    GreetingService,
    HistoryService,
    Listening,
    MessageMemory,
    PinsTool,
    PreferenceService,
    ReplyGenerator,
    SittingHandler,
    SweepHandler,
    TurnChooser,
    UserInstallAnswers,
)
from services.clock import Clock, SystemClock
from services.command_sync import CommandSyncService
from services.embeddings import (
    ImageEmbedder,
    ImageEmbeddings,
    LocalImageEmbedder,
    TextEmbedder,
)
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
    Rehearsals,
    Rhythm,
    Uniform,
    board_acts,
    has_board_acts,
)
from services.faces import CastFaces, FaceChooser, FaceHosting, FaceService
from services.images import IMAGE_VENDORS, ImagePipeline
from services.jobs import CONCURRENCY, DISCORD, JobMetrics, JobService, Worker
from services.keys import KeyService
from services.llm import VENDORS, LanguageModels, ModelCatalog, UsageService
from services.llm_configs import LlmConfigService, ModelService
from services.lore import CardLorebooks, LoreLibrary, LoreService
from services.media import DeleteHandler, GarbageCollectionHandler, GarbageCollector
from services.memory import MeaningModel, MemoryModes, MemoryService, memory_handlers
from services.people import PeopleService
from services.personalities import (
    ActsElsewhere,
    CardService,
    PersonalityService,
    SystemPromptService,
    VersionService,
)
from services.photos import EmbedPhotoHandler, PhotoService
from services.pictures import (
    PictureDrawer,
    PictureHandler,
    PictureService,
    SendPictureTool,
    request_picture,
)
from services.privacy import PrivacyService
from services.publishing import PublishHandler, PublishingService, PublishNoticeHandler
from services.retention import RetentionHandler, RetentionService, RetentionSettings
from services.social import (
    PUBLISHERS,
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
    has_shared,
    recently_shared,
)
from services.speech import SpeechModels
from services.tools import (
    DiceTool,
    LookInMemoryTool,
    ReadPageTool,
    RememberTool,
    SearchWebTool,
    TimeTool,
    Toolbox,
)
from services.voice import SpokenAnswerHandler, VoiceOptions, VoiceService, VoiceTester
from services.web import PageReader, WebSearch


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Options of the engine.

    `tick_every` is the real time between ticks, by default that of the interval.
    """

    rhythm: Rhythm = field(default_factory=Presence)
    limits: Limits = field(default_factory=Limits)
    interval: timedelta = timedelta(minutes=2)
    tasks_per_tick: int = 5
    tick_every: timedelta | None = None

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        rhythm: Rhythm | None = None,
        tick_every: timedelta | None = None,
    ) -> Self:
        """Return the options from the settings; `rhythm` replaces the default presence rhythm."""
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
            tick_every=tick_every,
        )


def assemble(
    sessions: Sessions,
    *,
    adapters: DiscordAdapters,
    models: LanguageModels,
    pipeline: ImagePipeline,
    embedder: TextEmbedder,
    image_embedder: ImageEmbedder | None = None,
    meaning: MeaningModel | None = None,
    buffer: BufferPublisher | None = None,
    clock: Clock | None = None,
    engine: EngineOptions | None = None,
    limits: CharacterLimits | None = None,
    budgets: Budgets | None = None,
    keys: KeyService | None = None,
    retention: RetentionSettings | None = None,
    speech: SpeechModels | None = None,
    voice_options: VoiceOptions | None = None,
    web_search: WebSearch | None = None,
    page_reader: PageReader | None = None,
    uploads_per_minute: int = 10,
    quotas: Quotas | None = None,
    memory_model: str | None = None,
) -> Services:
    """Build every service from the adapters and clients that do I/O."""
    catalog = ModelCatalog(models)
    active_clock, budgets = clock or SystemClock(), budgets or Budgets(sessions)
    budgets.warn_by(adapters.notifier)
    if keys is not None:
        keys.ring.notify_by(adapters.notifier)
    personalities = PersonalityService(sessions, on_delete=delete_photos_and_posts, quotas=quotas)
    hosting = FaceHosting(sessions, pipeline.store, adapters.face_host)
    faces = FaceService(sessions, pipeline, personalities, hosting, models)
    face_chooser = FaceChooser(sessions, pipeline.store, hosting)
    library, meaning = LoreLibrary(embedder), meaning or MeaningModel()
    drawer = PictureDrawer(sessions, pipeline)
    toolbox = Toolbox(
        (
            DiceTool(),
            TimeTool(),
            RememberTool(),
            LookInMemoryTool(sessions, embedder, meaning),
            PinsTool(sessions, adapters.chat_adapter),
            SendPictureTool(drawer),
            SearchWebTool(web_search or WebSearch(models.ledger)),
            ReadPageTool(page_reader),
        ),
        models.background,
    )
    generator = ReplyGenerator(
        *(sessions, models, embedder, active_clock),
        ActsElsewhere(recently_shared, has_shared, board_acts, has_board_acts),
        library,
        toolbox,
        meaning=meaning,
    )
    speech = speech or SpeechModels(models.ledger, models.background)
    voice = VoiceService(sessions, speech, adapters.voice_adapter, voice_options)
    memory = MemoryService(sessions, embedder, active_clock, quotas, meaning)
    turns, slots = TurnChooser(sessions, embedder), AnswerSlots()
    writer = ConversationWriter(
        sessions, embedder, quotas, request_picture, reads_sittings=memory_model != "off"
    )
    options = engine or EngineOptions()
    planner = Planner(options.rhythm, options.limits)
    timing = EngineTiming(
        clock=active_clock,
        interval=options.interval,
        tasks_per_tick=options.tasks_per_tick,
        can_post_images=pipeline.images.is_configured,
    )
    dependencies = EngineDependencies(
        sessions=sessions,
        models=models,
        adapter=adapters.board_adapter,
        pipeline=pipeline,
        planner=planner,
        limits=options.limits,
        timing=timing,
        shared_photos=recently_shared,
        lore=library,
    )
    engine_service = EngineService(sessions, planner, options.rhythm, options.limits, timing)
    publishers: dict[str, Publisher] = {TargetKind.DISCORD: adapters.publisher}
    publishers |= {TargetKind.BUFFER: buffer} if buffer is not None else {}
    photo_embedder = ImageEmbeddings(models.ledger, image_embedder or LocalImageEmbedder())
    garbage_collector = GarbageCollector(sessions, pipeline.store, FILE_REFERENCES)
    handlers = (
        PublishHandler(sessions, models, pipeline.store),
        PublishNoticeHandler(adapters.notifier),
        ActHandler(dependencies),
        GenerateHandler(sessions, models, pipeline, adapters.notifier, describe=describe),
        ProgressHandler(sessions, pipeline.store, adapters.notifier),
        CleanupHandler(sessions, pipeline),
        SpokenAnswerHandler(sessions, speech, pipeline.store, adapters.voice_adapter),
        PictureHandler(
            *(sessions, drawer, pipeline.store, adapters.picture_adapter),
            adapters.chat_adapter,
            face_chooser,
        ),
        SweepHandler(sessions),
        *memory_handlers(sessions, meaning),
        SittingHandler(sessions, models, embedder, memory_model),
        RetentionHandler(
            sessions,
            retention or RetentionSettings(),
            adapters.notifier,
            lambda: budgets.operators,
        ),
        GarbageCollectionHandler(garbage_collector),
        DeleteHandler(pipeline.store),
        EmbedPhotoHandler(sessions, pipeline.store, photo_embedder),
        DeliveryHandler(sessions, publishers, active_clock, describe=describe),
        SocialNoticeHandler(sessions, adapters.notifier),
        RemoveFromQueueHandler(publishers),
    )
    metrics = JobMetrics()
    return Services(
        chat_adapter=adapters.chat_adapter,
        models=models,
        ledger=models.ledger,
        usage=UsageService(sessions),
        budgets=budgets,
        keys=keys,
        uploads=UploadLimiter(uploads_per_minute),
        servers=ServerService(sessions),
        blocks=BlockService(sessions),
        audit=AuditService(sessions),
        people=PeopleService(sessions, quotas),
        personalities=personalities,
        versions=VersionService(sessions),
        faces=faces,
        cast_faces=CastFaces(sessions, pipeline, hosting),
        lore=LoreService(sessions, library, quotas=quotas, clock=active_clock),
        cards=CardService(sessions, CardLorebooks(quotas), quotas=quotas, clock=active_clock),
        system_prompts=SystemPromptService(sessions),
        configs=LlmConfigService(sessions, models, catalog, personalities, quotas),
        model_rules=ModelService(sessions, models, catalog),
        memory=memory,
        memory_modes=MemoryModes(sessions, active_clock),
        message_memory=MessageMemory(sessions, memory),
        privacy=PrivacyService(sessions),
        channels=ChannelService(sessions),
        greetings=GreetingService(
            sessions, writer, adapters.chat_adapter, active_clock, face_chooser
        ),
        answers=AnswerService(sessions, generator, writer, adapters.chat_adapter),
        history=HistoryService(sessions, adapters.chat_adapter),
        preferences=PreferenceService(sessions, active_clock),
        chat=ChatService(
            sessions,
            generator,
            writer,
            adapters.chat_adapter,
            adapters.notifier,
            face_chooser,
            models.background,
            voice,
            turns,
            slots,
        ),
        listening=Listening(sessions),
        turns=turns,
        toolbox=toolbox,
        pictures=PictureService(sessions, drawer, pipeline, adapters.chat_adapter),
        user_install_answers=UserInstallAnswers(
            sessions, generator, adapters.chat_adapter, face_chooser, slots
        ),
        speech=speech,
        voice_tester=VoiceTester(sessions, speech),
        publishing=PublishingService(sessions, models),
        characters=CharacterService(
            sessions,
            pipeline,
            faces,
            adapters.chat_adapter,
            limits or CharacterLimits(),
            quotas,
        ),
        galleries=GalleryService(sessions, pipeline.store),
        garbage_collector=garbage_collector,
        photos=PhotoService(sessions, pipeline, photo_embedder, adapters.chat_adapter, quotas),
        posts=SocialService(sessions, active_clock),
        calendar=CalendarService(sessions, active_clock),
        targets=TargetService(sessions, buffer, pipeline.background, active_clock),
        drafter=Drafter(sessions, models, pipeline.store),
        boards=BoardService(sessions, models, options.rhythm, options.limits, active_clock),
        board_ingest=BoardIngest(sessions, planner, timing, adapters.board_adapter),
        engine=engine_service,
        engine_scheduler=EngineScheduler(sessions, planner, timing),
        rehearsals=Rehearsals(dependencies, engine_service, describe),
        retention=RetentionService(sessions),
        command_sync=CommandSyncService(sessions),
        jobs=JobService(sessions, handlers, metrics),
        handlers=handlers,
        metrics=metrics,
    )


_SLOTS: Mapping[str, int] = {
    **{vendor.name: vendor.concurrency for vendor in (*IMAGE_VENDORS.values(), *VENDORS.values())},
    **{each.group: each.concurrency for each in PUBLISHERS.values() if each.concurrency},
    ActJob.group: 3,
}


def worker(
    sessions: Sessions,
    services: Services,
    *,
    has_discord: bool,
    max_jobs: int = 10,
    concurrency: Mapping[str, int] | None = None,
) -> Worker:
    """Build the worker; without `has_discord` it leaves jobs that need Discord to others."""
    limits = {**CONCURRENCY, **_SLOTS, **(concurrency or {})}
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
