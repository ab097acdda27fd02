"""The real bot on a simulated Discord, with people of every role."""

import logging
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass

import discord
import pytest
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle
from simcord.env import Env

from bot.app.services import Services
from bot.app.wiring import assemble, worker
from bot.discord.adapters import discord_adapters
from bot.discord.client import OPERATOR_COMMANDS, Bot
from bot.discord.proxies import Proxies
from bot.playground import simulation
from db.session import Sessions
from services.buffer import BufferPublisher
from services.clock import Clock
from services.embeddings import TextEmbedder, WordLlamaEmbedder
from services.images import ImagePipeline
from services.keys import KeyService
from services.llm import LanguageModels
from services.memory import MeaningModel
from services.speech import SpeechModels
from tests.vendors.openai import OpenAIStandIn

simulation.install()


PLURALKIT = 466378653216014359


@dataclass(frozen=True)
class House:
    """The bot on a simulated server: a lobby, two members, a moderator and the owner of the bot."""

    env: Env
    bot: Bot
    guild: GuildHandle
    lobby: ChannelHandle
    alice: MemberActor
    bob: MemberActor
    moderator: MemberActor
    boss: MemberActor
    openai: OpenAIStandIn
    studio: ImagePipeline

    @property
    def services(self) -> Services:
        return self.bot.services


def make_bot(
    sessions: Sessions,
    models: LanguageModels,
    studio: ImagePipeline,
    embedder: TextEmbedder,
    *,
    development: bool = False,
    clock: Clock | None = None,
    buffer: BufferPublisher | None = None,
    keys: KeyService | None = None,
    operator_guild_id: int | None = None,
    speech: SpeechModels | None = None,
    meaning: MeaningModel | None = None,
) -> Bot:
    proxies = Proxies(frozenset({PLURALKIT}))

    def build(bot: Bot) -> Services:
        adapters = discord_adapters(
            bot, studio.store, proxies=proxies, cdn_hosts={"cdn.simcord.invalid"}, clock=clock
        )
        return assemble(
            sessions,
            adapters=adapters,
            models=models,
            pipeline=studio,
            embedder=embedder,
            clock=clock,
            buffer=buffer,
            keys=keys,
            speech=speech,
            meaning=meaning,
        )

    return Bot(
        build,
        proxies=proxies,
        always_sync=True,
        shard_count=1,
        development=development,
        operator_guild_id=operator_guild_id,
    )


@pytest.fixture
async def simcord_bot(
    sessions: Sessions,
    models: LanguageModels,
    studio: ImagePipeline,
    embedder: WordLlamaEmbedder,
    clock: Clock | None,
    buffer: BufferPublisher | None,
    keys: KeyService,
    speech: SpeechModels | None,
    meaning: MeaningModel | None,
) -> Bot:
    return make_bot(
        *(sessions, models, studio, embedder),
        clock=clock,
        buffer=buffer,
        keys=keys,
        speech=speech,
        meaning=meaning,
    )


@pytest.fixture
def clock() -> Clock | None:
    """The clock of the bot; None is the system's. Tests override it."""
    return None


@pytest.fixture
def buffer() -> BufferPublisher | None:
    """The Buffer publisher of the bot. Tests override it."""
    return None


@pytest.fixture
def speech() -> SpeechModels | None:
    """What hears and speaks; None hears and speaks nothing. Tests override it."""
    return None


@pytest.fixture
def meaning() -> MeaningModel | None:
    """The model that the operator has chosen to find memories by. Tests override it."""
    return None


@pytest.fixture
async def house(
    simcord_bot: Bot, simcord_env: Env, openai: OpenAIStandIn, studio: ImagePipeline
) -> AsyncGenerator[House]:
    # Cores that are busy with other things are slow, which is no failure.
    simcord_env.settle_timeout = 30
    guild = simcord_env.create_guild("The House")
    moderators = guild.create_role(
        "Moderators", permissions=discord.Permissions(manage_messages=True)
    )
    boss = guild.add_member(simcord_env.create_user("boss"))
    simcord_bot.owner_ids = {boss.id}
    # As the owner of a server would, for whoever runs the bot there.
    for command in await simcord_bot.tree.fetch_commands():
        if command.name in OPERATOR_COMMANDS:
            guild.set_command_permissions(command, {boss: True})
    yield House(
        env=simcord_env,
        bot=simcord_bot,
        guild=guild,
        lobby=guild.create_text_channel("lobby"),
        alice=guild.add_member(simcord_env.create_user("alice")),
        bob=guild.add_member(simcord_env.create_user("bob")),
        moderator=guild.add_member(simcord_env.create_user("moderator"), roles=[moderators]),
        boss=boss,
        openai=openai,
        studio=studio,
    )
    assert openai.complaints == []


@pytest.fixture(autouse=True)
def no_errors_logged(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Fail a test that logs an ERROR, since an ERROR is what a person must fix."""
    yield
    records = [r for when in ("setup", "call") for r in caplog.get_records(when)]
    errors = [record.getMessage() for record in records if record.levelno >= logging.ERROR]
    assert errors == []


@pytest.fixture
async def at_work(house: House, sessions: Sessions) -> AsyncGenerator[House]:
    """The bot with a worker that runs background jobs."""
    async with worker(sessions, house.services, has_discord=True).running():
        yield house
