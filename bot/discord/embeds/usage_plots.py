"""A plot of what was used by day, and the same in words."""

from collections.abc import Sequence

from bot.discord.embeds.labels import day_ticks, money
from bot.discord.embeds.plots import (
    Heading,
    Limit,
    Plot,
    Series,
    draw_columns,
    sentence_plot,
)
from services.llm import DailyUsage
from services.media import DARK, Palette, Theme
from services.texts import counted

_MAX_LINES = 7


def usage_plot(
    by_day: Sequence[DailyUsage], *, budget_usd: float | None = None, theme: Theme = DARK
) -> Plot:
    """Return the cost of each day, or where nothing cost anything, its tokens.

    `budget_usd` is the budget of 24 hours.
    """
    is_money = any(each.cost_usd for each in by_day)
    title = "What it cost, in US dollars a day" if is_money else "How many tokens were used a day"
    if not any(each.calls for each in by_day):
        note = f"Nothing was used in the last {len(by_day)} days."
        return sentence_plot("usage", "What was used each day", note, theme)
    values = [each.cost_usd if is_money else each.tokens for each in by_day]
    note = f"{_totals(by_day, values, is_money=is_money)}."
    budget = f"budget: {money(budget_usd)} in 24 hours" if is_money and budget_usd else ""
    png = draw_columns(
        Heading(title=title, note=note),
        [Series(label="", colour=Palette.BLUE, values=values)],
        ticks=day_ticks([each.day for each in by_day]),
        x_label="day, UTC",
        y_label="US dollars" if is_money else "tokens read and written",
        limit=Limit(label=budget, value=budget_usd) if budget and budget_usd else None,
        is_money=is_money,
        theme=theme,
    )
    return Plot(name="usage", png=png, alt=f"{title}: {note}{f' The {budget}.' if budget else ''}")


def _totals(by_day: Sequence[DailyUsage], values: Sequence[float], *, is_money: bool) -> str:
    highest = max(range(len(by_day)), key=values.__getitem__)
    total, most = (
        money(each) if is_money else f"{each:,.0f}" for each in (sum(values), values[highest])
    )
    calls = counted(sum(each.calls for each in by_day), "call")
    return (
        f"{total}{'' if is_money else ' tokens'} and {calls} in the last {len(by_day)} days, "
        f"most on {by_day[highest].day:%-d %B} ({most})"
    )


def daily_lines(by_day: Sequence[DailyUsage]) -> str:
    """Return the latest days on which something was used, a line each."""
    used = [each for each in by_day if each.calls]
    lines = [
        f"{each.day:%-d %b}: {money(each.cost_usd)} · {counted(each.calls, 'call')} · "
        f"{counted(each.tokens, 'token')}"
        for each in used[-_MAX_LINES:]
    ]
    return "\n".join(lines)
