"""`troupe import`: moving in from another bot's database."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.cli import terminal
from bot.cli.terminal import friendly_errors
from db.session import connect
from db.upgrade import upgrade
from services.legacy import ImportReport, RowKind, import_legacy

import_app = typer.Typer(no_args_is_help=True, help="Moving in from elsewhere.")


@import_app.command(name="legacy")
def import_(
    database: Annotated[str, typer.Argument(help="The address of the old database.")],
    admin: Annotated[int, typer.Option(help="Discord's id of whoever gets what is nobody's.")],
    admin_name: Annotated[str, typer.Option(help="Their name.")] = "admin",
) -> None:
    """Import a database with the old schema; importing twice changes nothing."""
    settings = terminal.settings()

    async def run_import(url: str) -> ImportReport:
        async with connect(url) as sessions:
            return await import_legacy(
                database, sessions, admin_discord_id=admin, admin_name=admin_name
            )

    with friendly_errors(), terminal.database(settings) as url:
        upgrade(url)
        show_report(asyncio.run(run_import(url)))


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
