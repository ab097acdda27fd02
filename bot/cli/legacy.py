"""`troupe import`: moving in from another bot's database."""

import asyncio
from contextlib import AsyncExitStack
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.app.vendors import image_pipeline
from bot.cli import terminal
from bot.cli.terminal import friendly_errors
from db.session import connect
from db.upgrade import upgrade
from services.legacy import ImportReport, RowKind, import_legacy
from services.llm import PRICES, Ledger, background_calls

import_app = typer.Typer(no_args_is_help=True, help="Moving in from elsewhere.")


@import_app.command(name="legacy")
def import_(
    database: Annotated[str, typer.Argument(help="The address of the old database.")],
    admin: Annotated[int, typer.Option(help="Discord's id of whoever gets what is nobody's.")],
    admin_name: Annotated[str, typer.Option(help="Their name.")] = "admin",
    partial: Annotated[  # noqa: FBT002 - typer's way
        bool, typer.Option("--partial", help="Exit with 0 even if something is left behind.")
    ] = False,
) -> None:
    """Import a database with the old schema; importing twice changes nothing.

    What cannot come is listed with its number, and the exit status is 1 then.
    """
    settings = terminal.settings()

    async def run_import(url: str) -> ImportReport:
        async with AsyncExitStack() as stack:
            sessions = await stack.enter_async_context(connect(url))
            background = await stack.enter_async_context(background_calls())
            opening = image_pipeline(settings, Ledger(sessions, PRICES), background)
            return await import_legacy(
                database,
                sessions,
                admin_discord_id=admin,
                admin_name=admin_name,
                pipeline=await stack.enter_async_context(opening),
            )

    with friendly_errors(), terminal.database(settings) as url:
        upgrade(url)
        report = asyncio.run(run_import(url))
    show_report(report)
    if report.skipped and not partial:
        typer.echo("Not everything came over. With --partial that is no failure.", err=True)
        raise typer.Exit(1)


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
