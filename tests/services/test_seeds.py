"""Seeds of a new database; seeding again changes nothing."""

from typing import Any

from sqlalchemy import select, text

from db.models import LlmConfig, Personality, PersonalityVersion, SystemPrompt
from db.session import Sessions
from services.access import Situation
from services.personalities import PersonalityService
from services.seeds import seed
from services.types import Actor

BOSS = Actor(discord_id=1, name="boss", is_bot_owner=True)


async def everything(sessions: Sessions) -> list[Any]:
    async with sessions() as session:
        return [
            list(await session.execute(text(f"SELECT * FROM {table} ORDER BY 1")))  # noqa: S608
            for table in (
                *("system_prompts", "llm_configs", "personalities", "personality_versions"),
                *("lorebooks", "lore_entries"),
            )
        ]


async def test_a_new_database_has_a_prompt_configs_and_a_cast(sessions: Sessions) -> None:
    await seed(sessions, vendors={"gemini", "local"})

    async with sessions() as session:
        prompts = (await session.scalars(select(SystemPrompt))).all()
        configs = {each.name: each for each in await session.scalars(select(LlmConfig))}
        cast = (await session.scalars(select(Personality.name))).all()
        versions = (await session.scalars(select(PersonalityVersion))).all()
    assert [prompt.is_default for prompt in prompts] == [True]
    assert {name: each.is_default for name, each in configs.items()} == {
        "Gemini": True,
        "Local": False,
    }
    assert sorted(cast) == ["Bex", "Fen", "Mirela", "Oru", "Professor Quill"]
    assert len(versions) == 5


async def test_sowing_again_changes_nothing(sessions: Sessions) -> None:
    await seed(sessions, vendors={"openai"})
    before = await everything(sessions)

    await seed(sessions, vendors={"openai"})

    assert await everything(sessions) == before


async def test_whoever_was_sent_away_does_not_come_back(sessions: Sessions) -> None:
    await seed(sessions, vendors={"openai"})
    service = PersonalityService(sessions)
    bex = await service.find("bex", Situation(account_ids={1}))
    await service.delete(BOSS, bex.id)

    await seed(sessions, vendors={"openai"})

    assert sorted(name for name, _, _ in await service.names(Situation(), query="")) == [
        "Fen",
        "Mirela",
        "Oru",
        "Professor Quill",
    ]


async def test_a_vendor_that_comes_later_does_not_take_the_default(sessions: Sessions) -> None:
    await seed(sessions, vendors={"local"})

    await seed(sessions, vendors={"local", "openai"})

    async with sessions() as session:
        default = (await session.scalars(select(LlmConfig).where(LlmConfig.is_default))).one()
    assert default.name == "Local"
