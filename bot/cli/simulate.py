"""`troupe simulate`: weeks of the engine in seconds, and how like people it was."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.app.wiring import EngineOptions
from bot.cli import terminal
from bot.discord.embeds.plots import rhythm_plot
from services.engine import ACTIONS, ActType
from services.engine.simulation import (
    Measure,
    Simulation,
    SimulationResult,
    measures,
    synthetic_personalities,
)
from services.llm import PRICES, Price

_FORECAST = "[b]{0}[/b]: ${1:.4f} a day"


def simulate(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days pass.")] = 60,
    personalities: Annotated[int, typer.Option(min=1, max=200, help="How many there are.")] = 12,
    seed: Annotated[int, typer.Option(help="Another number, other people.")] = 1,
    plot: Annotated[Path, typer.Option(help="Where to draw it.")] = Path("simulation.png"),
) -> None:
    """Let the engine live for weeks in memory, and compare its rhythm with people's."""
    settings = terminal.settings()
    options = EngineOptions.of(settings)
    seats = synthetic_personalities(seed, personalities)
    rehearsal = Simulation(seats, rhythm=options.rhythm, limits=options.limits)
    company = asyncio.run(_rehearse(rehearsal, days))
    console = Console()
    kinds = {kind: sum(act.kind == kind for act in company.acts) for kind in ActType}
    done = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    console.print(f"{len(company.acts)} acts in {days} days: {done or 'nothing'}")
    if company.skipped:
        console.print(f"{len(company.skipped)} left undone, for caps and repeats")
    found = measures([company.acts], days=days)
    if found:
        console.print(_table(found))
    else:
        console.print("That is too little to compare with people; let more days pass.")
    own = {name: Price(*numbers) for name, numbers in settings.model_prices.items()}
    for model, price in {**PRICES, **own}.items():
        dollars = company.tokens_in * price.fresh + company.tokens_out * price.written
        console.print(_FORECAST.format(model, dollars / 1_000_000 / days))
    plot.write_bytes(_drawn(company))
    console.print(f"drawn in {plot}")


async def _rehearse(rehearsal: Simulation, days: int) -> SimulationResult:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("days", total=days)
        async for _ in rehearsal.run(days):
            progress.advance(task)
    return rehearsal.company


def _table(found: list[Measure]) -> Table:
    table = Table("measure", "here", "people", "goal", "")
    for each in found:
        goal = f"{each.low:.2f} to {each.high:.2f}" + ("" if each.must else ", aim")
        state = "[green]holds[/green]" if each.holds else "[red]off[/red]"
        table.add_row(each.name, f"{each.value:.3f}", each.people, goal, state)
    return table


def _drawn(company: SimulationResult) -> bytes:
    by_person: dict[object, list[float]] = {}
    for act in company.acts:
        by_person.setdefault(act.personality_id, []).append(act.at.timestamp())
    busiest = max(by_person.values(), key=len, default=list[float]())
    gaps = [b - a for times in by_person.values() for a, b in pairwise(sorted(times))]
    delays = [
        (act.at - act.answered_at).total_seconds()
        for act in company.acts
        if act.answered_at is not None and ACTIONS[act.kind].speaks()
    ]
    return rhythm_plot([at / 3600 % 24 for at in busiest], gaps, delays)
