"""`troupe jobs` and `troupe media`: background jobs and stored files."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import discord
import typer
from rich.console import Console
from rich.table import Table

from bot.app.services import Services
from bot.app.vendors import buffer_publisher, image_pipeline, photo_embedder
from bot.app.wiring import assemble
from bot.cli import terminal
from bot.cli.terminal import default_database, friendly_errors
from bot.discord.adapters import discord_adapters
from db.session import connect
from db.upgrade import upgrade
from services.embeddings import WordLlamaEmbedder
from services.jobs import Job, JobDetails, JobStatus
from services.llm import PRICES, LanguageModels, Ledger, background_calls
from services.media import StoredObject

jobs_app = typer.Typer(no_args_is_help=True, help="Background jobs.")

media_app = typer.Typer(no_args_is_help=True, help="Stored pictures.")

T = TypeVar("T")
JobId = Annotated[str, typer.Argument(help="The id, as `jobs list` shows it.")]


@jobs_app.command(name="list")
def list_(
    status: Annotated[JobStatus | None, typer.Option(help="Only those.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 30,
) -> None:
    """Show jobs, newest first."""
    jobs = call_services(
        lambda services: services.jobs.listed(status=status, kind=kind, limit=limit)
    )
    table = Table("Id", "Kind", "Status", "Due", "Starts", "Failures", "Error")
    for each in jobs:
        table.add_row(
            str(each.id),
            each.kind,
            each.status,
            _format_time(each.due_at) if each.status == JobStatus.PENDING else "",
            str(each.attempt),
            str(each.failures),
            (each.error or "")[:80],
        )
    Console(markup=False).print(table if jobs else "No jobs.")


@jobs_app.command()
def show(job: JobId) -> None:
    """Show a job and its completed steps."""
    _print(call_services(lambda services: services.jobs.show(job)))


@jobs_app.command()
def retry(job: JobId) -> None:
    """Retry a failed or cancelled job, from its last step."""
    _print_status(call_services(lambda services: services.jobs.retry(job)))


@jobs_app.command()
def cancel(job: JobId) -> None:
    """Cancel a job."""
    _print_status(call_services(lambda services: services.jobs.cancel(job)))


@media_app.command()
def sweep(
    delete: Annotated[bool, typer.Option("--delete", help="Delete them, too.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Find files at least a day old that no row of the database references."""

    async def find_orphans(services: Services) -> list[StoredObject]:
        orphans = await services.garbage_collector.find_orphans()
        if delete:
            await services.garbage_collector.delete(orphans)
        return orphans

    orphans = call_services(find_orphans)
    for each in orphans:
        typer.echo(f"{each.at:%Y-%m-%d %H:%M}  {each.size:>12,}  {each.key}")
    typer.echo(f"{len(orphans)} files{', deleted' if delete and orphans else ''}.")


def call_services(query: Callable[[Services], Awaitable[T]]) -> T:
    """Call a function with the services of the database that `troupe run` uses."""
    settings = terminal.settings()

    async def answer(url: str) -> T:
        async with AsyncExitStack() as stack:
            sessions = await stack.enter_async_context(connect(url))
            background = await stack.enter_async_context(background_calls())
            # No language model and no connection to Discord are needed.
            models = LanguageModels(Ledger(sessions, PRICES), background, {})
            opening = image_pipeline(settings, models.ledger, background)
            image_embedder = await stack.enter_async_context(photo_embedder(settings))
            pipeline = await stack.enter_async_context(opening)
            client = discord.Client(intents=discord.Intents(guilds=True))
            services = assemble(
                sessions,
                adapters=discord_adapters(client, pipeline.store),
                models=models,
                pipeline=pipeline,
                embedder=WordLlamaEmbedder(lazily=True),
                image_embedder=image_embedder,
                buffer=buffer_publisher(settings, sessions, pipeline.store),
            )
            return await query(services)

    with friendly_errors(), default_database(settings) as url:
        upgrade(url)
        return asyncio.run(answer(url))
    raise AssertionError("unreachable")


def _print(details: JobDetails) -> None:
    job = details.job
    table = Table(show_header=False)
    for name in (
        "id",
        "kind",
        "status",
        "lock_key",
        "concurrency_group",
        "attempt",
        "failures",
        "crashes",
    ):
        table.add_row(name, str(getattr(job, name)))
    for name in ("created_at", "due_at", "started_at", "finished_at"):
        time = getattr(job, name)
        table.add_row(name.removesuffix("_at"), _format_time(time) if time else "")
    table.add_row("error", job.error or "")
    table.add_row("steps", ", ".join(step.name for step in details.steps))
    Console(markup=False).print(table)


def _print_status(job: Job) -> None:
    typer.echo(f"{job.kind} {job.id} is {job.status}.")


def _format_time(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
