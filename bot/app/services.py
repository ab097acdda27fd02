"""The services of a process, and the Discord adapters that they use."""

from dataclasses import dataclass

from services.access import AuditService, BlockService, Budgets, ServerService, UploadLimiter
from services.characters import (
    CharacterService,
    GalleryService,
)
from services.chat import (
    AnswerService,
    ChannelService,
    ChatAdapter,
    ChatService,
    GreetingService,
    HistoryService,
    Listening,
    MessageMemory,
    PreferenceService,
    TurnChooser,
    UserInstallAnswers,
)
from services.command_sync import CommandSyncService
from services.engine import (
    BoardAdapter,
    BoardIngest,
    BoardService,
    EngineScheduler,
    EngineService,
    Rehearsals,
)
from services.faces import CastFaces, FaceHost, FaceService
from services.jobs import Handler, JobMetrics, JobService
from services.keys import KeyService
from services.llm import LanguageModels, Ledger, UsageService
from services.llm_configs import LlmConfigService, ModelService
from services.lore import LoreService
from services.media import GarbageCollector
from services.memory import MemoryModes, MemoryService
from services.notifications import Notifier
from services.people import PeopleService
from services.personalities import (
    CardService,
    PersonalityService,
    SystemPromptService,
    VersionService,
)
from services.photos import PhotoService
from services.pictures import PictureAdapter, PictureService
from services.privacy import PrivacyService
from services.publishing import PublishingService
from services.retention import RetentionService
from services.social import (
    CalendarService,
    Drafter,
    Publisher,
    SocialService,
    TargetService,
)
from services.speech import SpeechModels
from services.tools import Toolbox
from services.voice import VoiceAdapter, VoiceTester


@dataclass(frozen=True, kw_only=True)
class Services:
    """All services of a process; `keys` is None where no keys of users can be stored."""

    chat_adapter: ChatAdapter
    models: LanguageModels
    ledger: Ledger
    usage: UsageService
    budgets: Budgets
    keys: KeyService | None
    uploads: UploadLimiter
    servers: ServerService
    blocks: BlockService
    audit: AuditService
    people: PeopleService
    personalities: PersonalityService
    cards: CardService
    versions: VersionService
    faces: FaceService
    cast_faces: CastFaces
    lore: LoreService
    system_prompts: SystemPromptService
    configs: LlmConfigService
    model_rules: ModelService
    memory: MemoryService
    memory_modes: MemoryModes
    message_memory: MessageMemory
    privacy: PrivacyService
    channels: ChannelService
    answers: AnswerService
    history: HistoryService
    preferences: PreferenceService
    greetings: GreetingService
    chat: ChatService
    listening: Listening
    turns: TurnChooser
    toolbox: Toolbox
    pictures: PictureService
    user_install_answers: UserInstallAnswers
    speech: SpeechModels
    voice_tester: VoiceTester
    publishing: PublishingService
    characters: CharacterService
    galleries: GalleryService
    garbage_collector: GarbageCollector
    photos: PhotoService
    posts: SocialService
    calendar: CalendarService
    targets: TargetService
    drafter: Drafter
    boards: BoardService
    board_ingest: BoardIngest
    engine: EngineService
    engine_scheduler: EngineScheduler
    rehearsals: Rehearsals
    retention: RetentionService
    command_sync: CommandSyncService
    jobs: JobService
    handlers: tuple[Handler, ...]
    metrics: JobMetrics


@dataclass(frozen=True, kw_only=True)
class DiscordAdapters:
    """The adapters through which services use Discord."""

    chat_adapter: ChatAdapter
    voice_adapter: VoiceAdapter
    picture_adapter: PictureAdapter
    face_host: FaceHost
    board_adapter: BoardAdapter
    notifier: Notifier
    publisher: Publisher
