"""Plots of what the engine has done, and of what it plans."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, timedelta
from typing import TypeVar

from bot.discord.embeds.engine_summary import (
    busiest_hour,
    costs_by_day,
    counts_by_kind,
    counts_by_name,
    kinds_text,
    period,
    time_of,
)
from bot.discord.embeds.labels import day_ticks, money
from bot.discord.embeds.plots import (
    MAX_ROWS,
    Heading,
    Limit,
    Plot,
    Series,
    draw_columns,
    draw_rows,
    draw_timeline,
    sentence_plot,
)
from services.engine import ACTIONS, ActType, EngineStatus, TaskEntry, UpcomingPlan
from services.media import DARK, Palette, Theme
from services.texts import counted

_HOUR = timedelta(hours=1)
_PLAN_HOURS, _PLAN_TICK = 24, 4
_MIN_USD = 0.000_05
_Place = TypeVar("_Place")


def status_plots(
    status: EngineStatus, *, daily_budget_usd: float = 0, theme: Theme = DARK
) -> list[Plot]:
    """Return when personalities were active, who did what, and the cost by day.

    `daily_budget_usd` is that of all boards together.
    """
    if not status.done:
        note = f"Nothing was done in the last {period(status)}."
        return [sentence_plot("activity", "When they were active", note, theme)]
    return [
        _hours_plot(status, theme),
        _people_plot(status, theme),
        _costs_plot(status, daily_budget_usd, theme),
    ]


def plan_plot(plan: UpcomingPlan, *, theme: Theme = DARK) -> Plot:
    """Return when each personality will be online in the next 24 hours, and its planned acts."""
    title = "When they will be online"
    if not plan.moments:
        note = "No personality is on a board, so none will be online."
        return sentence_plot("plan", title, note, theme)
    tasks = Counter(entry.name for entry in plan.waiting)
    names = sorted(plan.moments, key=lambda name: (-tasks[name], -len(plan.moments[name])))
    rows = names[:MAX_ROWS]
    note = f"{_plan_note(plan)}; {_shown(len(rows), len(names))}"
    start = plan.now.astimezone(UTC)
    whole = start.replace(minute=0, second=0, microsecond=0)
    hours = [whole + hour * _HOUR for hour in range(1, _PLAN_HOURS + 1)]
    marks = [(entry.name, _mark(entry, plan)) for entry in plan.waiting if entry.name in rows]
    png = draw_timeline(
        Heading(title=title, note=note),
        {name: [(at - plan.now) / _HOUR for at in plan.moments[name]] for name in rows},
        marks,
        ticks={(at - start) / _HOUR: f"{at:%H:%M}" for at in hours if at.hour % _PLAN_TICK == 0},
        hours=_PLAN_HOURS,
        x_label=f"time of day, UTC, from {start:%H:%M} on {start:%-d %B}",
        theme=theme,
    )
    planned = f" Planned: {kinds_text(plan.waiting)}." if plan.waiting else ""
    return Plot(name="plan", png=png, alt=f"{title}: {note}{planned}")


def _hours_plot(status: EngineStatus, theme: Theme) -> Plot:
    total = counted(len(status.done), "act")
    note = f"{total} in the last {period(status)}, {busiest_hour(status.done)}."
    png = draw_columns(
        Heading(title="When they were active", note=note),
        _by_kind(status.done, range(24), lambda entry: time_of(entry).hour),
        ticks={hour: f"{hour:02}:00" for hour in range(0, 24, 4)},
        x_label="hour of the day, UTC",
        y_label="number of acts",
        theme=theme,
    )
    alt = f"When they were active: {note} By kind: {kinds_text(status.done)}."
    return Plot(name="activity", png=png, alt=alt)


def _people_plot(status: EngineStatus, theme: Theme) -> Plot:
    counts = counts_by_name(status.done)
    names = [name for name, _ in counts[:MAX_ROWS]]
    note = f"{counted(len(status.done), 'act')} in the last {period(status)}; "
    note += _shown(len(names), len(counts))
    png = draw_rows(
        Heading(title="Who did what", note=note),
        names,
        _by_kind(status.done, names, lambda entry: entry.name),
        x_label="number of acts",
        theme=theme,
    )
    shares = ", ".join(f"{name} {count:,}" for name, count in counts[:MAX_ROWS])
    return Plot(name="personalities", png=png, alt=f"Who did what: {note} {shares}.")


def _costs_plot(status: EngineStatus, daily_budget_usd: float, theme: Theme) -> Plot:
    costs, title = costs_by_day(status), "What it cost, in US dollars a day"
    if not any(costs.values()):
        note = f"Nothing was spent in the last {period(status)}."
        return sentence_plot("costs", title, note, theme)
    day, most = max(costs.items(), key=lambda each: each[1])
    note = (
        f"{money(sum(costs.values()))} in the last {period(status)}, "
        f"most on {day:%-d %B} ({money(most)})."
    )
    if (failed := status.cost_usd - sum(costs.values())) > _MIN_USD:
        note += f" Acts that failed cost {money(failed)}."
    budget = f"budget of all boards: {money(daily_budget_usd)} a day"
    since = status.since.astimezone(UTC)
    png = draw_columns(
        Heading(title=title, note=note),
        [Series(label="cost of acts", colour=Palette.BLUE, values=[*costs.values()])],
        ticks=day_ticks([*costs]),
        x_label=f"day, UTC; {since:%-d %b} counts from {since:%H:%M}",
        y_label="US dollars",
        limit=Limit(label=budget, value=daily_budget_usd) if daily_budget_usd else None,
        is_money=True,
        theme=theme,
    )
    suffix = f" The {budget}." if daily_budget_usd else ""
    return Plot(name="costs", png=png, alt=f"{title}: {note}{suffix}")


def _by_kind(
    entries: Sequence[TaskEntry], places: Iterable[_Place], place_of: Callable[[TaskEntry], _Place]
) -> list[Series]:
    """Return the number of acts at each place, by kind."""
    counts = Counter((entry.task.task_type, place_of(entry)) for entry in entries)
    ordered = list(places)
    return [
        Series(
            label=ACTIONS[kind].label,
            colour=ACTIONS[kind].colour,
            values=[counts[kind, place] for place in ordered],
        )
        for kind in counts_by_kind(entries)
    ]


def _mark(entry: TaskEntry, plan: UpcomingPlan) -> Series:
    """Return a planned act at its hours from now; one that is overdue is due now."""
    action = ACTIONS[ActType(entry.task.task_type)]
    hours = max((entry.task.scheduled_at - plan.now) / _HOUR, 0)
    values = [hours] if hours <= _PLAN_HOURS else []
    return Series(label=action.label, colour=action.colour, values=values)


def _plan_note(plan: UpcomingPlan) -> str:
    online = counted(sum(map(len, plan.moments.values())), "time")
    planned = counted(len(plan.waiting), "planned act")
    return f"{online} by themselves in the next {_PLAN_HOURS} hours, {planned}"


def _shown(shown: int, count: int) -> str:
    people = counted(count, "personality", "personalities")
    return f"{shown} of {people} are shown." if shown < count else f"{people}."
