"""`troupe simulate`: weeks of the engine in seconds, and figures of its rhythm."""

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
    MIN_ACTS,
    Figure,
    Simulation,
    SimulationResult,
    act_times,
    days_needed,
    figures,
    synthetic_personalities,
)
from services.llm import PRICES, Price
from services.texts import counted

_FORECAST = "[b]{0}[/b]: ${1:.4f} a day"


def simulate(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days pass.")] = 60,
    personalities: Annotated[int, typer.Option(min=1, max=200, help="How many there are.")] = 12,
    seed: Annotated[int, typer.Option(help="Another number, other people.")] = 1,
    plot: Annotated[Path, typer.Option(help="Where to draw it.")] = Path("simulation.png"),
) -> None:
    """Simulate weeks of the engine in memory, and measure its rhythm."""
    settings = terminal.settings()
    options = EngineOptions.of(settings)
    synthetic = synthetic_personalities(seed, personalities)
    simulation = Simulation(synthetic, rhythm=options.rhythm, limits=options.limits)
    result = asyncio.run(_run_simulation(simulation, days))
    console = Console()
    kinds = {kind: sum(act.kind == kind for act in result.acts) for kind in ActType}
    summary = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    length = counted(days, "day")
    console.print(f"{len(result.acts)} acts in {length}: {summary or 'nothing'}")
    if result.skipped:
        console.print(f"{len(result.skipped)} skipped, because of limits and repetitions")
    measured = figures(result.acts, days=days)
    if measured:
        console.print(_table(measured))
    if shortage := _shortage(result, days, personalities):
        console.print(shortage)
    own_prices = {name: Price(*numbers) for name, numbers in settings.model_prices.items()}
    for model, price in {**PRICES, **own_prices}.items():
        dollars = result.tokens_in * price.fresh + result.tokens_out * price.written
        console.print(_FORECAST.format(model, dollars / 1_000_000 / days))
    plot.write_bytes(_plot(result))
    console.print(f"drawn in {plot}")


async def _run_simulation(simulation: Simulation, days: int) -> SimulationResult:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("days", total=days)
        async for _ in simulation.run(days):
            progress.advance(task)
    return simulation.result


def _shortage(result: SimulationResult, days: int, personalities: int) -> str:
    """Return how many personalities did too little to be measured, and what would show them."""
    enough = sum(len(times) >= MIN_ACTS for times in act_times(result.acts))
    if enough == personalities:
        return ""
    needed = days_needed(result.acts, days=days, personalities=personalities)
    more = f"about {needed} days" if needed else "many more days"
    of_whom = f"These are figures of {enough} of {personalities} personalities"
    if not enough:
        return f"Too few days: nobody did {MIN_ACTS} acts. Simulate {more}."
    return f"{of_whom}; the others did fewer than {MIN_ACTS} acts. To see all, simulate {more}."


def _table(measured: list[Figure]) -> Table:
    table = Table("figure", "value", "unit")
    for each in measured:
        table.add_row(each.name, f"{each.value:.2f}", each.unit)
    return table


def _plot(result: SimulationResult) -> bytes:
    by_person: dict[object, list[float]] = {}
    for act in result.acts:
        by_person.setdefault(act.personality_id, []).append(act.at.timestamp())
    busiest = max(by_person.values(), key=len, default=list[float]())
    gaps = [b - a for times in by_person.values() for a, b in pairwise(sorted(times))]
    delays = [
        (act.at - act.answered_at).total_seconds()
        for act in result.acts
        if act.answered_at is not None and ACTIONS[act.kind].speaks()
    ]
    return rhythm_plot([at / 3600 % 24 for at in busiest], gaps, delays)
