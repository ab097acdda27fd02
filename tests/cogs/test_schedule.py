"""Posts, as those who plan them meet them in Discord."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from bot.wiring import worker
from db.models import Job
from db.session import Sessions
from tests.cogs.conftest import House
from tests.cogs.forms import answer, embed, said
from tests.cogs.meanwhile import invent
from tests.fakes import HandClock
from tests.services.drawing import nothing_due
from tests.services.photographs import photo


@pytest.fixture
def clock() -> HandClock:
    return HandClock(datetime(2026, 3, 27, 12, 0, tzinfo=UTC))


@pytest.fixture
async def at_work(house: House, sessions: Sessions) -> AsyncGenerator[House]:
    async with worker(sessions, house.services, has_discord=True).working():
        yield house


async def later(sessions: Sessions, clock: HandClock, **span: float) -> None:
    """Let time pass, and do what is due then."""
    clock.forward(**span)
    async with sessions.begin() as session:
        await session.execute(update(Job).where(Job.kind == "social post").values(due_at=datetime.now(UTC)))
    await nothing_due(sessions)


async def test_smoke(at_work: House, sessions: Sessions, clock: HandClock) -> None:
    house = at_work
    await invent(house, house.moderator, "Ada")
    mod = house.moderator
    got = await mod.slash(house.lobby, "photos import", personality="Ada", file=("a.jpg", photo(1)))
    print(embed(got).to_dict())
    got = await mod.slash(house.lobby, "schedule targets", personality="Ada", channel=house.lobby)
    print(embed(got).to_dict())
    got = await mod.slash(house.lobby, "schedule post", photo="a.jpg", target="lobby")
    got = await mod.submit_modal(got, {"caption": "Look at that!", "alt_text": "Colours.", "when": "tomorrow 18:00"})
    print(said(got))
    got = await mod.slash(house.lobby, "schedule list")
    print(embed(got).to_dict())
    got = await mod.slash(house.lobby, "schedule calendar")
    open("/tmp/cal.png", "wb").write(await answer(got).attachments[0].read())
    await later(sessions, clock, hours=2)
    print([m.content for m in house.lobby.history()])
    await later(sessions, clock, hours=28)
    print([(m.author.name, m.content, m.attachments) for m in house.lobby.history()])
    got = await mod.slash(house.lobby, "photos view", photo="a.jpg")
    print(embed(got).to_dict())
    assert 0
