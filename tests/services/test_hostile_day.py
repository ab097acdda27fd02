"""A day of strangers, some of them hostile: what is spent, and who gets answers."""

import pytest
from sqlalchemy import func, select

from db.models import LlmCall, User
from db.session import Sessions
from services.llm import LanguageModels, ModelCatalog
from services.llm_configs import ConfigInput, LlmConfigService, ModelNotAllowed
from services.personalities import PersonalityService
from services.types import Actor
from tests.services.hostile_day import DAYS, NOT_LET_IN, live_through
from tests.vendors.openai import OpenAIStandIn

STRANGER = Actor(discord_id=1, name="person 1")


async def test_a_day_costs_no_more_than_its_budget_and_people_get_their_answers(
    sessions: Sessions, models: LanguageModels, openai: OpenAIStandIn, database_url: str
) -> None:
    openai.default.text = " ".join(["fog"] * 60)
    people = PersonalityService(sessions)
    await people.create(STRANGER, {"name": NOT_LET_IN})
    configs = LlmConfigService(sessions, models, ModelCatalog(models), people)
    with pytest.raises(ModelNotAllowed):
        await configs.create(STRANGER, ConfigInput(name="Dear", model="openai/gpt-6-astra"))

    day = DAYS["small"]
    lived = await live_through(database_url, openai.url, "small")

    spent = (openai.tokens_in * day.price.fresh + openai.tokens_out * day.price.written) / 1e6
    async with sessions() as session:
        by_hostile = await session.scalar(
            select(func.sum(LlmCall.cost_usd))
            .join(User, User.id == LlmCall.user_id)
            .where(User.discord_id <= day.hostile)
        )
    answers = sum(lived.answered.get(person, 0) for person in day.innocents)
    assert 0.1 * day.budget_usd < spent <= day.budget_usd
    assert (by_hostile or 0) <= 0.15 * day.budget_usd
    assert answers >= 0.9 * day.asks * len(day.innocents)
    assert lived.trespasses == 0
