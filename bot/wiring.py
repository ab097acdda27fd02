"""From settings to services: what reaches outside is opened here, and every service built once."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from bot.errors import explain
from bot.settings import Settings, SettingsError
from db.session import Sessions
from services.chat import (
    AnswerService,
    ChannelService,
    ChatService,
    Composer,
    Keeper,
    Stage,
)
from services.clock import Clock, SystemClock
from services.embedders import TextEmbedder
from services.engine import (
    ActHandler,
    BoardEar,
    BoardService,
    BoardStage,
    Delays,
    Desk,
    EngineLoop,
    EngineService,
    Limits,
    Planner,
    Presence,
    Rhythm,
    Tempo,
    Uniform,
)
from services.jobs import DISCORD, ENGINE, LANES, Handler, JobMetrics, JobService, Worker
from services.llm import PRICES, Courier, LanguageModels, Ledger, Price, Vendor
from services.llm_configs import LlmConfigService
from services.memory import MemoryService
from services.people import PeopleService
from services.personalities import PersonalityService, SystemPromptService
from services.privacy import PrivacyService
from services.publishing import Herald, NoticeHandler, PublishHandler, PublishingService


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The services' ways to Discord."""

    stage: Stage
    board_stage: BoardStage
    herald: Herald


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


@dataclass(frozen=True, kw_only=True)
class Services:
    """Every service of the house."""

    stage: Stage
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
    boards: BoardService
    board_ear: BoardEar
    engine: EngineService
    engine_loop: EngineLoop
    jobs: JobService
    handlers: tuple[Handler, ...]
    metrics: JobMetrics


def assemble(
    sessions: Sessions,
    *,
    outside: Outside,
    models: LanguageModels,
    embedder: TextEmbedder,
    clock: Clock | None = None,
    engine: EngineOptions | None = None,
) -> Services:
    """Build every service from the few things that reach outside the process."""
    time = clock or SystemClock()
    personalities = PersonalityService(sessions)
    composer = Composer(sessions, models, embedder, time)
    keeper = Keeper(sessions, embedder)
    options = engine or EngineOptions()
    planner = Planner(options.rhythm, options.limits)
    tempo = Tempo(clock=time, interval=options.interval, tasks_per_tick=options.tasks_per_tick)
    desk = Desk(
        sessions=sessions,
        models=models,
        stage=outside.board_stage,
        planner=planner,
        limits=options.limits,
        tempo=tempo,
    )
    handlers = (PublishHandler(sessions, models), NoticeHandler(outside.herald), ActHandler(desk))
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
        boards=BoardService(sessions, models, options.rhythm, options.limits, time),
        board_ear=BoardEar(sessions, planner, tempo),
        engine=EngineService(sessions, planner, options.rhythm, options.limits, tempo),
        engine_loop=EngineLoop(sessions, planner, tempo),
        jobs=JobService(sessions, handlers, metrics),
        handlers=handlers,
        metrics=metrics,
    )


def worker(
    sessions: Sessions,
    services: Services,
    *,
    has_discord: bool,
    at_once: int = 10,
    lanes: Mapping[str, int] | None = None,
) -> Worker:
    """Build what does the work in the background, but for Discord's where there is no Discord."""
    rooms = {**LANES, **(lanes or {})}
    if not has_discord:
        del rooms[DISCORD], rooms[ENGINE]
    return Worker(
        sessions,
        services.handlers,
        lanes=rooms,
        describe=lambda error: explain(error) or "Something broke on our side.",
        metrics=services.metrics,
        at_once=at_once,
    )


@asynccontextmanager
async def language_models(
    settings: Settings, sessions: Sessions, courier: Courier
) -> AsyncGenerator[LanguageModels]:
    """Open every vendor that the settings name, and the local model where there is one.

    Raises:
        SettingsError: There is no language model at all.
    """
    async with AsyncExitStack() as stack:
        local = await _local(settings, stack)
        vendors = {**_openai_compatible(settings), **_gemini(settings)}
        for vendor in vendors.values():
            stack.push_async_callback(vendor.texts.close)
        if local is not None:
            vendors["local"] = local
        if not vendors:
            raise SettingsError(
                "OPENAI_API_KEY: set it, or GEMINI_API_KEY, OPENROUTER_API_KEY, OLLAMA_BASE_URL or "
                "LOCAL_MODEL_PATH: there is no language model"
            )
        own = {name: Price(*numbers) for name, numbers in settings.model_prices.items()}
        yield LanguageModels(
            Ledger(sessions, {**PRICES, **own}),
            courier,
            vendors,
            deadline=settings.model_deadline_seconds,
        )


# SDKs take a second or two to import, so only those of vendors with a key are.
def _openai_compatible(settings: Settings) -> dict[str, Vendor]:
    from services.llm.openai_compatible import Dialect, OpenAICompatible  # noqa: PLC0415

    every_parameter = (("top_k", "top_k"), ("repetition_penalty", "repetition_penalty"))
    openai = Dialect(
        max_tokens="max_completion_tokens",
        cache_key=True,
        reasoning_effort=settings.openai_reasoning_effort or None,
        context_tokens=128_000,
    )
    openrouter = Dialect(extra=every_parameter)
    compatible = Dialect(extra=every_parameter, context_tokens=settings.compatible_context_tokens)
    named = {
        "openai": (
            settings.openai_api_key,
            settings.openai_base_url,
            settings.openai_model,
            openai,
        ),
        "openrouter": (
            settings.openrouter_api_key,
            settings.openrouter_base_url,
            settings.openrouter_model,
            openrouter,
        ),
        "ollama": (
            settings.compatible_api_key,
            settings.ollama_base_url,
            settings.ollama_model,
            Dialect(context_tokens=4096),
        ),
        "compatible": (
            settings.compatible_api_key,
            settings.compatible_base_url,
            settings.compatible_model,
            compatible,
        ),
    }
    return {
        name: Vendor(
            OpenAICompatible(
                name,
                api_key=key.get_secret_value(),
                base_url=url,
                dialect=dialect,
                timeout=settings.model_deadline_seconds,
            ),
            model,
        )
        for name, (key, url, model, dialect) in named.items()
        if key is not None and url is not None and model is not None
    }


def _gemini(settings: Settings) -> dict[str, Vendor]:
    if settings.gemini_api_key is None:
        return {}
    from services.llm.gemini import Gemini  # noqa: PLC0415

    gemini = Gemini(
        api_key=settings.gemini_api_key.get_secret_value(),
        base_url=settings.gemini_base_url,
        timeout=settings.model_deadline_seconds,
    )
    return {"gemini": Vendor(gemini, settings.gemini_model)}


async def _local(settings: Settings, stack: AsyncExitStack) -> Vendor | None:
    from services.llm import local  # noqa: PLC0415

    path = settings.local_model_path or (local.bundled() if settings.local_model else None)
    if path is None:
        return None
    if not path.is_file():
        raise SettingsError(f"LOCAL_MODEL_PATH: there is no file {path}")
    return Vendor(await stack.enter_async_context(local.serve(path)), path.stem.lower())
