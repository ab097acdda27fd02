"""What the doctor has found, as a table."""

from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class State(StrEnum):
    """How a part is."""

    GOOD = "good"
    IDLE = "not set"
    BAD = "broken"


@dataclass(frozen=True)
class Finding:
    """How one part is, and what to do if it is broken."""

    part: str
    state: State
    said: str
    todo: str = ""


def show(findings: list[Finding]) -> bool:
    """Print a table; return whether nothing is broken."""
    table = Table(title="Troupe")
    for heading in ("", "Part", "What I found", "What to do"):
        table.add_column(heading, overflow="fold")
    marks = {State.GOOD: "[green]✓[/]", State.IDLE: "[dim]–[/]", State.BAD: "[red]✗[/]"}
    for each in findings:
        table.add_row(marks[each.state], *map(escape, (each.part, each.said, each.todo)))
    Console().print(table)
    return all(each.state is not State.BAD for each in findings)
