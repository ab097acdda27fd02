"""A day of strangers, some of them hostile: what is spent, and who gets answers."""

import asyncio
import sys
from collections import Counter

import pytest
from pydantic import BaseModel
from sqlalchemy import func, select

from db.models import LlmCall, User
from db.session import Sessions
from services.llm import LanguageModels, ModelCatalog
from services.llm_configs import ConfigInput, LlmConfigService, ModelNotAllowed
from services.personalities import PersonalityService
from services.types import Actor
from tests.conftest import ROOT
from tests.services import hostile_day
from tests.services.hostile_day import ASKS, BUDGET_USD, HOSTILE, NOT_LET_IN, PEOPLE, PRICE
from tests.vendors.openai import OpenAIStandIn


class Part(BaseModel):
    """What happened in a part of the servers."""

    answered: dict[int, int]
    trespasses: int


STRANGER = Actor(discord_id=1, name="person 1")


async def live(url: str, vendor_url: str, part: int) -> Part:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", hostile_day.__name__, url, vendor_url, str(part), "2"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return Part.model_validate_json(output)


async def test_a_day_costs_no_more_than_its_budget_and_people_get_their_answers(
    sessions: Sessions, models: LanguageModels, openai: OpenAIStandIn, database_url: str
) -> None:
    openai.default.text = " ".join(["fog"] * 60)
    people = PersonalityService(sessions)
    await people.create(STRANGER, {"name": NOT_LET_IN})
    configs = LlmConfigService(sessions, models, ModelCatalog(models), people)
    with pytest.raises(ModelNotAllowed):
        await configs.create(STRANGER, ConfigInput(name="Dear", model="openai/gpt-6-astra"))

    parts = await asyncio.gather(*(live(database_url, openai.url, part) for part in range(2)))

    answered: Counter[int] = Counter()
    for part in parts:
        answered.update(part.answered)
    spent = (openai.tokens_in * PRICE.fresh + openai.tokens_out * PRICE.written) / 1e6
    async with sessions() as session:
        by_hostile = await session.scalar(
            select(func.sum(LlmCall.cost_usd))
            .join(User, User.id == LlmCall.user_id)
            .where(User.discord_id <= HOSTILE)
        )
    innocents = range(HOSTILE + 1, PEOPLE + 1)
    assert 0.1 * BUDGET_USD < spent <= BUDGET_USD
    assert (by_hostile or 0) <= 0.15 * BUDGET_USD
    assert sum(answered[person] for person in innocents) >= 0.9 * ASKS * len(innocents)
    assert [part.trespasses for part in parts] == [0, 0]
