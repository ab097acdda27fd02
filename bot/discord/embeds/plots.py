"""Plots of the engine. Matplotlib is only partly typed, so it is used only here."""

import io
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from services.engine import ACTIONS, EngineStatus, TaskEntry, UpcomingPlan

_MAX_NAMES, _MAX_NAME_LENGTH = 12, 18


def status_plot(status: EngineStatus) -> bytes:
    """Return a PNG: acts by hour of the day and by personality, and the cost of each day."""
    done = status.done
    figure, (hours, people, costs) = _panels(3)
    _stack(hours, [str(hour) for hour in range(24)], [(str(_at(e).hour), e) for e in done])
    hours.set_title("acts by hour (UTC)", loc="left")
    hours.set_xticks(range(0, 24, 3))
    counts = Counter(entry.name for entry in done)
    names = [name for name, _ in counts.most_common(_MAX_NAMES)]
    _stack(people, names, [(entry.name, entry) for entry in done])
    people.set_title("acts by personality", loc="left")
    people.set_xticks(
        range(len(names)), [name[:_MAX_NAME_LENGTH] for name in names], rotation=30, ha="right"
    )
    if done:
        people.legend(frameon=False, fontsize="small")
    days = _days(status.since, status.now)
    spent = dict.fromkeys(days, 0.0)
    for entry in done:
        spent[f"{_at(entry):%d %b}"] += entry.task.cost_usd or 0
    costs.bar(days, [spent[day] for day in days], color="#0072B2")
    costs.set_title("US dollars by day", loc="left")
    costs.set_xticks(range(0, len(days), max(1, len(days) // 6)))
    if not any(spent.values()):
        costs.text(0.5, 0.5, "nothing was spent", transform=costs.transAxes, ha="center")
        costs.set_yticks([])
    return _png(figure)


def plan_plot(plan: UpcomingPlan) -> bytes:
    """Return a PNG: when each personality will be active in the next 24 hours, and its tasks."""
    figure, (panel,) = _panels(1)
    rows = list(plan.moments)
    hours = [
        (at - plan.now) / timedelta(hours=1) for times in plan.moments.values() for at in times
    ]
    row_numbers = [row for row, times in enumerate(plan.moments.values()) for _ in times]
    panel.scatter(hours, row_numbers, s=30, color="#BBBBBB", label="active on its own")
    due = [each for each in plan.waiting if each.name in rows]
    panel.scatter(
        [(each.task.scheduled_at - plan.now) / timedelta(hours=1) for each in due],
        [rows.index(each.name) for each in due],
        s=40,
        color="#E69F00",
        label="planned",
    )
    panel.set_yticks(range(len(rows)), [name[:_MAX_NAME_LENGTH] for name in rows])
    panel.set_xlim(0, 24)
    panel.set_xlabel("hours from now")
    panel.set_title("the next 24 hours", loc="left")
    panel.legend(frameon=False, fontsize="small", loc="upper right")
    return _png(figure)


def rhythm_plot(hours: Sequence[float], gaps: Sequence[float], delays: Sequence[float]) -> bytes:
    """Return a PNG of a simulation: hours of acts, gaps between them and delays of replies (s)."""
    figure, (day, between, answers) = _panels(3)
    day.hist(hours, bins=range(25), color="#0072B2")
    day.set_title("acts of one personality by hour", loc="left")
    for panel, values, title in (
        (between, gaps, "seconds between acts"),
        (answers, delays, "seconds until a reply"),
    ):
        positive = [value for value in values if value > 0]
        bins = [10 ** (step / 4) for step in range(4, 28)]
        panel.hist(positive, bins=bins, color="#009E73")
        panel.set_xscale("log")
        panel.set_title(title, loc="left")
    return _png(figure)


def _panels(number: int) -> tuple[Any, Sequence[Any]]:
    """Return a figure with panels one below the other, without top and right frames."""
    # The import takes a second, and most processes never plot.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure: Any = Figure(figsize=(6, 2.4 * number + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = [figure.add_subplot(number, 1, index + 1) for index in range(number)]
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    return figure, panels


def _stack(panel: Any, categories: Sequence[str], entries: Sequence[tuple[str, TaskEntry]]) -> None:
    """Draw stacked bars: the number of acts by category and kind."""
    below = [0] * len(categories)
    for kind, action in ACTIONS.items():
        counts = Counter(category for category, entry in entries if entry.task.task_type == kind)
        heights = [counts[place] for place in categories]
        if any(heights):
            panel.bar(categories, heights, bottom=below, color=action.colour, label=action.label)
            below = [low + high for low, high in zip(below, heights, strict=True)]


def _at(entry: TaskEntry) -> datetime:
    return entry.task.completed_at or entry.task.scheduled_at


def _days(since: datetime, now: datetime) -> list[str]:
    count = (now.date() - since.date()).days + 1
    return [f"{since + timedelta(days=day):%d %b}" for day in range(count)]


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
