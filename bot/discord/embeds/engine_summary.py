"""Sums of what the engine has done, for its plots, their alternative texts and its embeds."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from services.engine import ACTIONS, ActType, EngineStatus, TaskEntry


def time_of(entry: TaskEntry) -> datetime:
    """Return when an act was done, or is planned, in UTC."""
    return (entry.task.completed_at or entry.task.scheduled_at).astimezone(UTC)


def period(status: EngineStatus) -> str:
    """Return the span of a status in words, as in "in the last 24 hours"."""
    days = round((status.now - status.since) / timedelta(days=1))
    return "24 hours" if days <= 1 else f"{days} days"


def counts_by_hour(done: Sequence[TaskEntry]) -> Counter[int]:
    """Return the number of acts by the hour of the day, UTC."""
    return Counter(time_of(entry).hour for entry in done)


def counts_by_name(done: Sequence[TaskEntry]) -> list[tuple[str, int]]:
    """Return the number of acts by personality, the most active first."""
    return Counter(entry.name for entry in done).most_common()


def counts_by_kind(entries: Sequence[TaskEntry]) -> dict[ActType, int]:
    """Return the number of acts by kind, without kinds that do not occur."""
    counts = Counter(entry.task.task_type for entry in entries)
    return {kind: counts[kind] for kind in ACTIONS if counts[kind]}


def kinds_text(entries: Sequence[TaskEntry]) -> str:
    """Return how many acts there are of which kind, in words."""
    counts = counts_by_kind(entries).items()
    return ", ".join(f"{ACTIONS[kind].label} {count:,}" for kind, count in counts)


def busiest_hour(done: Sequence[TaskEntry]) -> str:
    """Return the hour of the day with the most acts, in words."""
    ((hour, count),) = counts_by_hour(done).most_common(1)
    return f"most at {hour:02}:00–{(hour + 1) % 24:02}:00 UTC ({count:,})"


def costs_by_day(status: EngineStatus) -> dict[date, float]:
    """Return the cost of what was done on each day, UTC, in US dollars."""
    first, last = status.since.astimezone(UTC).date(), status.now.astimezone(UTC).date()
    costs = {first + timedelta(days=day): 0.0 for day in range((last - first).days + 1)}
    for entry in status.done:
        day = time_of(entry).date()
        costs[day] = costs.get(day, 0) + (entry.task.cost_usd or 0)
    return costs
