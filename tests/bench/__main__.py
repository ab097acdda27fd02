"""`make bench`: measure, print a table, write `bench.json`."""

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import (
    engine,
    first_answer,
    hostile,
    jobs,
    lore,
    media,
    memory,
    page,
    photos,
    replies,
    responsiveness,
    servers,
    small_model,
    streaming,
    voice,
)
from tests.bench.databases import databases
from tests.bench.measure import Measure

# Each takes the address of an empty, migrated database.
MEASURES: tuple[Callable[[str], list[Measure]], ...] = (
    first_answer.measure,
    hostile.measure,
    jobs.measure,
    lore.measure,
    engine.measure,
    media.measure,
    memory.measure,
    page.measure,
    photos.measure,
    replies.measure,
    responsiveness.measure,
    servers.measure,
    small_model.measure,
    streaming.measure,
    voice.measure,
)


# What takes a minute: where people are.
QUICK: tuple[Callable[[str], list[Measure]], ...] = (replies.measure_quickly,)


def main() -> None:
    """Run every measure, one after the other, each on a database of its own; `QUICK` a few."""
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    measured: list[Measure] = []
    with databases() as create:
        for number, take in enumerate(QUICK if os.environ.get("QUICK") else MEASURES):
            measured += take(create(f"bench_{number}"))
    written = {
        each.name: {"value": round(each.value, 4), "unit": each.unit, "aim": each.aim}
        for each in measured
    }
    Path("bench.json").write_text(json.dumps(written, indent=1) + "\n")
    _show(measured)


def _show(measured: list[Measure]) -> None:
    table = Table("Measure", "Value", "Unit", "Aim", "")
    for each in measured:
        mark = "" if each.holds is None else ("[green]✓[/]" if each.holds else "[red]✗[/]")
        table.add_row(each.name, f"{each.value:,.3g}", each.unit, each.aim or "", mark)
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    main()
