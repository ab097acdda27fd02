"""Plots: their cards, their words, and names that are hard to draw. Warnings are errors here."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest
from PIL import Image

from bot.discord.embeds.engine_plots import plan_plot
from bot.discord.embeds.labels import compact, money
from bot.discord.embeds.plots import Heading, Series, draw_rows
from bot.discord.embeds.rhythm_plots import rhythm_plots
from bot.discord.embeds.usage_plots import daily_lines, usage_plot
from services.engine import UpcomingPlan
from services.llm import DailyUsage
from services.media import CARD_WIDTH, DARK, LIGHT, Palette, Theme

NOW = datetime(2026, 3, 27, 13, 5, tzinfo=UTC)


def week(cost_usd: float = 0.2, calls: int = 3) -> list[DailyUsage]:
    """Return a week in which each day costs more than the one before."""
    return [
        DailyUsage(
            day=date(2026, 3, 21) + timedelta(days=ago),
            calls=calls,
            tokens=calls * 20_000,
            cost_usd=cost_usd * ago,
        )
        for ago in range(7)
    ]


def pixel(image: Image.Image, x: int, y: int) -> str:
    red, green, blue, alpha = cast("tuple[int, int, int, int]", image.getpixel((x, y)))
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha else "transparent"


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_a_plot_is_a_rounded_card_of_its_theme(theme: Theme) -> None:
    plot = usage_plot(week(), budget_usd=1, theme=theme)

    image = Image.open(io.BytesIO(plot.png))
    colours = {pixel(image, x, image.height // 2) for x in range(0, CARD_WIDTH, 5)}

    assert image.width == CARD_WIDTH
    assert pixel(image, 0, 0) == "transparent"
    assert pixel(image, 20, image.height // 2) == theme.background
    assert theme.visible(Palette.BLUE).lower() in colours


def test_a_week_is_told_in_dollars_or_in_tokens_or_in_a_sentence() -> None:
    dear, free, unused = week(), week(0), week(0, calls=0)

    assert usage_plot(dear, budget_usd=1).alt == (
        "What it cost, in US dollars a day: $4.20 and 21 calls in the last 7 days, most on "
        "27 March ($1.20). The budget: $1.00 in 24 hours."
    )
    assert usage_plot(free, budget_usd=1).alt == (
        "How many tokens were used a day: 420,000 tokens and 21 calls in the last 7 days, most on "
        "21 March (60,000)."
    )
    assert usage_plot(unused).alt == "Nothing was used in the last 7 days."
    assert daily_lines(dear).split("\n")[-1] == "27 Mar: $1.20 · 3 calls · 60,000 tokens"
    assert daily_lines(unused) == ""


def test_a_name_in_any_script_can_be_drawn() -> None:
    names = ["美咲", "🦊 Fennec", "$1 and $2", "Ĵosé", "a_b^c", "Captain Ahab of Nantucket", "ليلى"]

    png = draw_rows(
        Heading(title="Who did what", note="$1 and $2."),
        names,
        [Series(label="posts", colour=Palette.BLUE, values=range(1, 8))],
        x_label="number of acts",
    )

    assert Image.open(io.BytesIO(png)).width == CARD_WIDTH


def test_a_plan_shows_the_twelve_most_active() -> None:
    moments = {f"Name {n}": [NOW + timedelta(hours=h) for h in range(n)] for n in range(14)}

    plot = plan_plot(UpcomingPlan(now=NOW, waiting=[], moments=moments))

    assert plot.alt == (
        "When they will be online: 91 times by themselves in the next 24 hours, 0 planned acts; "
        "12 of 14 personalities are shown."
    )


def test_a_rhythm_is_told_in_units_of_time() -> None:
    plots = rhythm_plots([8.5, 8.7, 20], [40, 300, 5000], [])

    assert [each.alt for each in plots] == [
        "When the most active of them acts: 3 acts, most at 08:00–09:00 UTC (2).",
        "How long they pause between acts: 3 pauses, half of them within 5 minutes.",
        "There was nothing to measure.",
    ]


def test_amounts_have_the_digits_that_matter() -> None:
    assert [money(each) for each in (0, 0.000_01, 0.0038, 0.048, 1234.5)] == [
        "$0.00",
        "less than $0.0001",
        "$0.0038",
        "$0.048",
        "$1,234.50",
    ]
    assert [compact(each) for each in (9_999, 86_400, 12_345_678)] == ["9,999", "86k", "12M"]
