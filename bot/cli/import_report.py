"""The report of an import from an old database."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.legacy import ImportReport, RowKind


def show_report(report: ImportReport) -> None:
    """Print what was imported, what already existed, and notes for the operator."""
    console = Console()
    table = Table("", "Moved", "Already there", title="Moved in")
    for kind in RowKind:
        table.add_row(kind, f"{report.moved[kind]:,}", f"{report.already_there[kind]:,}")
    console.print(table)
    notes = {
        "Given to the admin": report.given_to_admin,
        "Changed on the way": report.changed,
        "Left behind": report.skipped,
        "Not in the old database": report.absent,
    }
    for heading, lines in notes.items():
        if lines:
            console.print(f"\n[bold]{heading}[/]")
            console.print("\n".join(f"- {escape(line)}" for line in lines))
