"""`troupe jobs`: background jobs."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.cli.services import call_services
from bot.cli.terminal import Json, print_details, print_rows
from services.jobs import Job, JobDetails, JobStatus

jobs_app = typer.Typer(no_args_is_help=True, help="Background jobs.")


JobId = Annotated[str, typer.Argument(help="Its id, or the beginning of it.")]


@jobs_app.command(name="list")
def list_(
    status: Annotated[JobStatus | None, typer.Option(help="Only those.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 30,
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Show jobs, newest first."""
    jobs = call_services(
        lambda services: services.jobs.list_jobs(status=status, kind=kind, limit=limit)
    )
    rows = [
        {
            "id": str(each.id),
            "kind": each.kind,
            "status": each.status,
            "due_at": _format_time(each.due_at) if each.status == JobStatus.PENDING else None,
            "starts": each.attempt,
            "failures": each.failures,
            "error": each.error or None,
        }
        for each in jobs
    ]
    print_rows(
        rows, as_json=as_json, empty="No jobs.", optional=("starts", "failures", "due_at", "kind")
    )


@jobs_app.command()
def show(job: JobId, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show a job and its completed steps."""
    details = call_services(lambda services: services.jobs.show(job))
    print_details(_details_row(details), as_json=as_json)


@jobs_app.command()
def retry(job: JobId) -> None:
    """Retry a failed or cancelled job, from its last step."""
    _print_status(call_services(lambda services: services.jobs.retry(job)))


@jobs_app.command()
def cancel(job: JobId) -> None:
    """Cancel a job."""
    _print_status(call_services(lambda services: services.jobs.cancel(job)))


def _details_row(details: JobDetails) -> dict[str, Any]:
    job = details.job
    names = ("kind", "status", "lock_key", "concurrency_group", "attempt", "failures", "crashes")
    times = ("created_at", "due_at", "started_at", "finished_at")
    return {
        "id": str(job.id),
        **{name: getattr(job, name) for name in names},
        **{name: _format_time(getattr(job, name)) for name in times},
        "error": job.error or None,
        "steps": ", ".join(step.name for step in details.steps) or None,
    }


def _print_status(job: Job) -> None:
    typer.echo(f"{job.kind} {job.id} is {job.status}.")


def _format_time(time: datetime | None) -> str | None:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if time else None
