"""A day of a thousand strangers on twenty servers, fifty of them hostile, on a dollar."""

import asyncio

from sqlalchemy import func, select, text

from db.models import LlmCall, User
from db.session import connect
from services.personalities import PersonalityService
from services.seeds import seed
from services.types import Actor
from tests.bench.measure import Measure, percentile
from tests.services.hostile_day import DAYS, NOT_LET_IN, Part, live_through
from tests.vendors.openai import OpenAIStandIn

NAME = "full"


def measure(url: str) -> list[Measure]:
    """Return what the day costs, who gets answers, and how long innocents wait for them."""
    return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Measure]:
    day = DAYS[NAME]
    async with connect(url) as sessions:
        await seed(sessions, vendors={"openai"})
        stranger = Actor(discord_id=1, name="person 1")
        await PersonalityService(sessions).create(stranger, {"name": NOT_LET_IN})
        calm, _ = await _live(url, with_hostile=False)
        async with sessions.begin() as session:
            await session.execute(
                text("TRUNCATE spending, conversation_history, memories, llm_calls, sent_notices")
            )
        lived, spent = await _live(url, with_hostile=True)
        async with sessions() as session:
            by_hostile = await session.scalar(
                select(func.coalesce(func.sum(LlmCall.cost_usd), 0))
                .join(User, User.id == LlmCall.user_id)
                .where(User.discord_id <= day.hostile)
            )
    answers = sum(min(lived.answered.get(person, 0), day.asks) for person in day.innocents)
    share, answered = (by_hostile or 0) / day.budget_usd, answers / day.asks / len(day.innocents)
    ratio = percentile(lived.seconds, 0.95) / percentile(calm.seconds, 0.95)
    return [
        Measure("hostile_day_usd", spent, "US dollars", "≤ 1"),
        Measure("hostile_day_share", share, "of the budget by the hostile", "≤ 0.15"),
        Measure("hostile_day_answered", answered, "of what innocents ask", "≥ 0.9"),
        Measure("hostile_day_trespasses", lived.trespasses, "answers", "≤ 0"),
        Measure("hostile_day_ratio", ratio, "of p95 on a day without the hostile", "≤ 3"),
    ]


async def _live(url: str, *, with_hostile: bool) -> tuple[Part, float]:
    """Live through the day; return what happened, and what the vendor charges for it."""
    async with OpenAIStandIn().running() as vendor:
        vendor.default.text = " ".join(["fog"] * 60)
        lived = await live_through(url, vendor.url, NAME, with_hostile=with_hostile)
    price = DAYS[NAME].price
    return lived, (vendor.tokens_in * price.fresh + vendor.tokens_out * price.written) / 1e6
