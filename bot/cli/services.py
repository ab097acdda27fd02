"""The services, for commands that need no running bot."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

import discord

from bot.app.services import Services
from bot.app.vendors import buffer_publisher, image_pipeline, photo_embedder
from bot.app.wiring import assemble
from bot.cli import terminal
from bot.cli.terminal import database, friendly_errors
from bot.discord.adapters import discord_adapters
from db.session import connect
from db.upgrade import upgrade
from services.embeddings import text_embedder
from services.llm import PRICES, LanguageModels, Ledger, background_calls

T = TypeVar("T")


def call_services(query: Callable[[Services], Awaitable[T]]) -> T:
    """Call a function with the services of the database that `troupe run` uses."""
    settings = terminal.settings()

    async def answer(url: str) -> T:
        async with AsyncExitStack() as stack:
            sessions = await stack.enter_async_context(connect(url))
            background = await stack.enter_async_context(background_calls())
            # No language model and no connection to Discord are needed.
            models = LanguageModels(Ledger(sessions, PRICES), background, {})
            opening = image_pipeline(settings, models.ledger, background)
            image_embedder = await stack.enter_async_context(photo_embedder(settings))
            pipeline = await stack.enter_async_context(opening)
            client = discord.Client(intents=discord.Intents(guilds=True))
            services = assemble(
                sessions,
                adapters=discord_adapters(client, pipeline.store),
                models=models,
                pipeline=pipeline,
                embedder=text_embedder(lazily=True),
                image_embedder=image_embedder,
                buffer=buffer_publisher(settings, sessions, pipeline.store),
            )
            return await query(services)

    with friendly_errors(), database(settings) as url:
        upgrade(url)
        return asyncio.run(answer(url))
    raise AssertionError("unreachable")
