"""`troupe jobs`: background jobs."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.services import call_services
from services.jobs import Job, JobDetails, JobStatus

jobs_app = typer.Typer(no_args_is_help=True, help="Background jobs.")


JobId = Annotated[str, typer.Argument(help="The id, as `jobs list` shows it.")]


@jobs_app.command(name="list")
def list_(
    status: Annotated[JobStatus | None, typer.Option(help="Only those.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 30,
) -> None:
    """Show jobs, newest first."""
    jobs = call_services(
        lambda services: services.jobs.list_jobs(status=status, kind=kind, limit=limit)
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
