"""Results of checks, and their table."""

from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class CheckState(StrEnum):
    """The state of a part of the configuration."""

    GOOD = "good"
    IDLE = "not set"
    DOUBTFUL = "doubtful"
    BAD = "broken"


@dataclass(frozen=True)
class CheckResult:
    """The result of a check; `todo` says how to fix it."""

    part: str
    state: CheckState
    finding: str
    todo: str = ""


def show(findings: list[CheckResult]) -> bool:
    """Print a table of results; return whether nothing is broken."""
    table = Table(title="Troupe")
    for heading in ("", "Part", "Finding", "What to do"):
        table.add_column(heading, overflow="fold")
    marks = {
        CheckState.GOOD: "[green]✓[/]",
        CheckState.IDLE: "[dim]–[/]",
        CheckState.DOUBTFUL: "[yellow]![/]",
        CheckState.BAD: "[red]✗[/]",
    }
    for each in findings:
        table.add_row(marks[each.state], *map(escape, (each.part, each.finding, each.todo)))
    Console().print(table)
    return all(each.state is not CheckState.BAD for each in findings)
