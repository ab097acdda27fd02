"""Commands for developers, with the setting DEVELOPMENT."""

import pytest

from bot.discord.client import Bot
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.images import ImagePipeline
from services.llm import LanguageModels
from tests.cogs.concurrent import invent
from tests.cogs.conftest import House, make_bot
from tests.cogs.forms import content_of


@pytest.fixture
async def simcord_bot(
    sessions: Sessions, models: LanguageModels, studio: ImagePipeline, embedder: WordLlamaEmbedder
) -> Bot:
    return make_bot(sessions, models, studio, embedder, development=True)


async def test_whoever_runs_the_bot_publishes_any_personality(house: House) -> None:
    personality = await invent(house, house.alice, "Ada")

    (command,) = [each for each in await house.bot.tree.fetch_commands() if each.name == "admin"]
    house.guild.set_command_permissions(command, {house.alice: True, house.boss: True})

    refused = await house.alice.slash(house.lobby, "admin publish", personality="Ada")
    started = await house.boss.slash(house.lobby, "admin publish", personality="Ada")

    (job,) = await house.services.jobs.list_jobs(kind="publish")
    assert content_of(refused) == "Only the person who runs this bot can do that."
    assert content_of(started) == f"Job `{job.id}`."
    assert job.lock_key == f"personality:{personality.id}"
