"""The services of a process, and the adapters that they reach Discord through."""

from dataclasses import dataclass

from services.characters import (
    CharacterService,
    GalleryService,
)
from services.chat import (
    AnswerService,
    ChannelService,
    ChatAdapter,
    ChatService,
)
from services.command_sync import CommandSyncService
from services.engine import (
    BoardAdapter,
    BoardIngest,
    BoardService,
    EngineScheduler,
    EngineService,
)
from services.jobs import Handler, JobMetrics, JobService
from services.llm import LanguageModels, Ledger
from services.llm_configs import LlmConfigService
from services.media import GarbageCollector
from services.memory import MemoryService
from services.notifications import Notifier
from services.people import PeopleService
from services.personalities import PersonalityService, SystemPromptService
from services.photos import PhotoService
from services.privacy import PrivacyService
from services.publishing import PublishingService
from services.social import (
    CalendarService,
    Drafter,
    Publisher,
    SocialService,
    TargetService,
)


@dataclass(frozen=True, kw_only=True)
class Services:
    """Every service, built once."""

    stage: ChatAdapter
    models: LanguageModels
    ledger: Ledger
    people: PeopleService
    personalities: PersonalityService
    system_prompts: SystemPromptService
    configs: LlmConfigService
    memory: MemoryService
    privacy: PrivacyService
    channels: ChannelService
    answers: AnswerService
    chat: ChatService
    publishing: PublishingService
    characters: CharacterService
    galleries: GalleryService
    sweeper: GarbageCollector
    photos: PhotoService
    posts: SocialService
    calendar: CalendarService
    targets: TargetService
    drafter: Drafter
    boards: BoardService
    board_ear: BoardIngest
    engine: EngineService
    engine_loop: EngineScheduler
    command_sync: CommandSyncService
    jobs: JobService
    handlers: tuple[Handler, ...]
    metrics: JobMetrics


@dataclass(frozen=True, kw_only=True)
class DiscordAdapters:
    """What services reach Discord through."""

    stage: ChatAdapter
    board_stage: BoardAdapter
    notifier: Notifier
    publisher: Publisher
