"""`/engine status` and `/engine plan`: pictures, and the same in words."""

import io
import logging

import pytest
from PIL import Image
from simcord.results import InteractionResult

from db.session import Sessions
from services.engine import ActType
from tests.cogs.board_support import act, open_board
from tests.cogs.conftest import House
from tests.cogs.forms import answer, embed, fields


def alt_texts(result: InteractionResult) -> dict[str, str | None]:
    """Return the alternative texts of pictures, by their file names."""
    return {each.filename: each.description for each in answer(result).attachments}


async def test_a_status_shows_when_who_and_at_what_cost(
    at_work: House, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    at_work.openai.says("The lamp went out at four, and nobody saw.")
    await open_board(at_work, at_work.lobby, "Mirela, Bex")
    await at_work.moderator.slash(at_work.lobby, "board settings", daily_budget_usd=0.25)
    await act(at_work, sessions, at_work.lobby, "Bex", ActType.POST)

    shown = await at_work.boss.slash(at_work.lobby, "engine status")
    pictures = [Image.open(io.BytesIO(await each.read())) for each in answer(shown).attachments]
    texts = alt_texts(shown)

    assert [*texts] == ["activity.png", "personalities.png", "costs.png"]
    assert (texts["activity.png"] or "").startswith("When they were active: 1 act in the last 24")
    assert texts["personalities.png"] == (
        "Who did what: 1 act in the last 24 hours; 1 personality. Bex 1."
    )
    assert "The budget of all boards: $0.25 a day." in (texts["costs.png"] or "")
    assert [each.width for each in pictures] == [1100] * 3
    assert [each.image.url for each in answer(shown).embeds if each.image.url] != []
    assert fields(shown)["Who"] == "**Bex** 1"
    assert "UTC (1)" in (fields(shown)["When"] or "")
    assert "of $0.2500 for all boards" in (fields(shown)["Cost a day (UTC)"] or "")
    assert [each for each in caplog.records if each.name.startswith("matplotlib")] == []


async def test_where_nothing_was_done_the_picture_is_a_sentence(house: House) -> None:
    status = await house.boss.slash(house.lobby, "engine status", days=7)
    plan = await house.boss.slash(house.lobby, "engine plan")

    assert alt_texts(status) == {"activity.png": "Nothing was done in the last 7 days."}
    assert alt_texts(plan) == {"plan.png": "No personality is on a board, so none will be online."}


async def test_a_plan_shows_what_is_planned_and_who_will_be_online(house: House) -> None:
    await open_board(house, house.lobby, "Mirela, Bex")
    await house.boss.slash(house.lobby, "engine trigger", act="post", personality="Bex")

    shown = await house.boss.slash(house.lobby, "engine plan")
    text = alt_texts(shown)["plan.png"] or ""

    assert text.startswith("When they will be online: ")
    # Opening a board plans a first post as well.
    assert "2 planned acts; 2 personalities. Planned: posts 2." in text
    assert "**Bex** · post" in (embed(shown).description or "")
    assert "Online in the next 24 hours" in fields(shown)
