"""The resources of a process, from which a bot is built."""

import gc
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.app.scheduler import run_scheduler
from bot.app.services import Services
from bot.app.settings import Settings
from bot.app.vendors import buffer_publisher
from bot.app.wiring import EngineOptions, assemble, worker
from bot.discord.adapters import discord_adapters
from bot.discord.chat import CDN_HOSTS
from bot.discord.client import Bot
from bot.discord.proxies import Proxies
from bot.http.admin import AdminApi, serve
from bot.http.pictures import PictureApi
from db.session import Sessions
from services.access import Budgets
from services.characters import CharacterLimits
from services.clock import Clock
from services.embeddings import ImageEmbedder, TextEmbedder
from services.engine import ActJob
from services.images import ImagePipeline
from services.keys import KeyService
from services.llm import LanguageModels
from services.memory import MeaningModel
from services.speech import SpeechModels
from services.voice import VoiceOptions
from services.web import PageReader, WebSearch


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Settings and open resources. It builds a bot and runs its background tasks."""

    settings: Settings
    sessions: Sessions
    models: LanguageModels
    budgets: Budgets
    keys: KeyService
    pipeline: ImagePipeline
    speech: SpeechModels
    web_search: WebSearch
    embedder: TextEmbedder
    image_embedder: ImageEmbedder
    meaning: MeaningModel
    clock: Clock
    engine: EngineOptions

    def bot(self, *, cdn_hosts: set[str] | None = None, **options: Any) -> Bot:
        """Build a bot that is not connected yet."""
        proxies = Proxies(frozenset(self.settings.proxy_application_ids))

        def build(bot: Bot) -> Services:
            return assemble(
                self.sessions,
                adapters=discord_adapters(
                    bot,
                    self.pipeline.store,
                    proxies=proxies,
                    cdn_hosts=cdn_hosts or CDN_HOSTS,
                    clock=self.clock,
                ),
                models=self.models,
                pipeline=self.pipeline,
                speech=self.speech,
                voice_options=VoiceOptions(
                    seconds_per_day=self.settings.voice_seconds_per_day,
                    language=self.settings.transcription_language,
                ),
                web_search=self.web_search,
                page_reader=PageReader() if self.settings.read_pages else None,
                embedder=self.embedder,
                image_embedder=self.image_embedder,
                meaning=self.meaning,
                buffer=buffer_publisher(self.settings, self.sessions, self.pipeline.store),
                clock=self.clock,
                engine=self.engine,
                budgets=self.budgets,
                keys=self.keys,
                retention=self.settings.retention,
                uploads_per_minute=self.settings.max_uploads_per_minute,
                quotas=self.settings.quotas,
                memory_model=self.settings.memory_model,
                limits=CharacterLimits(
                    images_per_day=self.settings.character_images_per_day,
                    photo_days=self.settings.source_photo_days,
                ),
            )

        return Bot(
            build,
            owner_ids=self.settings.owner_ids,
            operator_guild_id=self.settings.operator_guild_id,
            proxies=proxies,
            development=self.settings.development,
            **options,
        )

    @asynccontextmanager
    async def background(self, bot: Bot, *, has_discord: bool = True) -> AsyncGenerator[None]:
        """Run the worker, the scheduler and the admin API while the context is open."""
        job_worker = worker(
            self.sessions,
            bot.services,
            has_discord=has_discord,
            max_jobs=self.settings.jobs_at_once,
            concurrency={
                ActJob.group: self.settings.max_concurrent_tasks,
                **self.settings.job_concurrency,
            },
        )
        async with AsyncExitStack() as stack:
            services = bot.services
            if (key := self.settings.admin_api_key) is not None:
                pictures = PictureApi(
                    characters=services.characters,
                    photos=services.photos,
                    people=services.people,
                    personalities=services.personalities,
                    store=self.pipeline.store,
                )
                api = AdminApi(key.get_secret_value(), services.jobs, services.engine, pictures)
                host, port = self.settings.admin_api_host, self.settings.admin_api_port
                await stack.enter_async_context(serve(api, host, port))
            await services.garbage_collector.enqueue()
            await services.history.enqueue_sweep()
            await services.retention.enqueue()
            await services.memory.enqueue_indexing()
            if has_discord:
                await services.faces.remove_orphans()
                await services.cast_faces.add()
            await services.photos.reembed()
            await stack.enter_async_context(job_worker.running())
            if has_discord and bot.has_gateway:
                await stack.enter_async_context(services.listening.running())
            if self.settings.scheduler_enabled:
                every = self.engine.tick_every or self.clock.real_duration(self.engine.interval)
                await stack.enter_async_context(run_scheduler(services.engine_scheduler, every))
            freeze_loaded_objects()
            yield


def freeze_loaded_objects() -> None:
    """Exempt what is loaded by now from garbage collection.

    A collection of everything that a started bot has loaded holds the event loop for some 0.1 s.
    """
    gc.collect()
    gc.freeze()
