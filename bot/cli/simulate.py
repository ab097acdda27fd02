"""`troupe simulate`: weeks of the engine in seconds, and figures of its rhythm."""

import asyncio
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.app.wiring import EngineOptions
from bot.cli import terminal
from bot.cli.simulation_report import simulation_report
from bot.discord.embeds.plots import Plot
from bot.discord.embeds.rhythm_plots import rhythm_plots
from services.engine import ACTIONS
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
from services.media import DARK, LIGHT, Theme
from services.texts import counted

_TITLE = "A simulation of the engine"
_FORECAST = "[b]{0}[/b]: ${1:.4f} a day"


def simulate(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days pass.")] = 60,
    personalities: Annotated[int, typer.Option(min=1, max=200, help="How many there are.")] = 12,
    seed: Annotated[int, typer.Option(help="Another number, other people.")] = 1,
    report: Annotated[
        Path | None, typer.Option(help="An HTML file to write, with figures and plots.")
    ] = None,
    light: Annotated[bool, typer.Option("--light", help="A light report, to print.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Simulate weeks of the engine in memory, and measure its rhythm."""
    settings = terminal.settings()
    options = EngineOptions.of(settings)
    synthetic = synthetic_personalities(seed, personalities)
    simulation = Simulation(synthetic, rhythm=options.rhythm, limits=options.limits)
    result = asyncio.run(_run_simulation(simulation, days))
    console, measured = Console(), figures(result.acts, days=days)
    sentences = _summary(result, days, personalities)
    console.print("\n".join(sentences))
    if measured:
        console.print(_table(measured))
    own_prices = {name: Price(*numbers) for name, numbers in settings.model_prices.items()}
    for model, price in {**PRICES, **own_prices}.items():
        dollars = result.tokens_in * price.fresh + result.tokens_out * price.written
        console.print(_FORECAST.format(model, dollars / 1_000_000 / days))
    if report is not None:
        theme = LIGHT if light else DARK
        page = simulation_report(_TITLE, sentences, measured, _plots(result, theme), theme=theme)
        report.write_text(page, encoding="utf-8")
        console.print(f"The report is in {report}")


def _summary(result: SimulationResult, days: int, personalities: int) -> list[str]:
    """Return what was done, in sentences."""
    counts = Counter(act.kind for act in result.acts)
    done = ", ".join(
        f"{each.label} {counts[kind]}" for kind, each in ACTIONS.items() if counts[kind]
    )
    length = counted(days, "day")
    people = counted(personalities, "personality", "personalities")
    acts = counted(len(result.acts), "act")
    sentences = [f"{acts} in {length}, by {people}: {done or 'nothing'}."]
    if result.skipped:
        skipped = counted(len(result.skipped), "act was", "acts were")
        sentences.append(f"{skipped} skipped, because of limits and repetitions.")
    shortage = _shortage(result, days, personalities)
    return [*sentences, shortage] if shortage else sentences


async def _run_simulation(simulation: Simulation, days: int) -> SimulationResult:
    # A running bot has no use for it.
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

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


def _plots(result: SimulationResult, theme: Theme) -> list[Plot]:
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
    return rhythm_plots([at / 3600 % 24 for at in busiest], gaps, delays, theme=theme)
