"""What the doctor has found, as a table."""

from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class CheckState(StrEnum):
    """How a part is."""

    GOOD = "good"
    IDLE = "not set"
    BAD = "broken"


@dataclass(frozen=True)
class CheckResult:
    """How one part is, and what to do if it is broken."""

    part: str
    state: CheckState
    finding: str
    todo: str = ""


def show(findings: list[CheckResult]) -> bool:
    """Print a table; return whether nothing is broken."""
    table = Table(title="Troupe")
    for heading in ("", "Part", "What I found", "What to do"):
        table.add_column(heading, overflow="fold")
    marks = {
        CheckState.GOOD: "[green]✓[/]",
        CheckState.IDLE: "[dim]–[/]",
        CheckState.BAD: "[red]✗[/]",
    }
    for each in findings:
        table.add_row(marks[each.state], *map(escape, (each.part, each.finding, each.todo)))
    Console().print(table)
    return all(each.state is not CheckState.BAD for each in findings)
