"""`troupe jobs` and `troupe media`."""

import asyncio
import os
import time
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from bot.app import logs
from db.models import Job, JobStatus
from db.session import connect
from services.jobs import enqueue
from services.publishing import PublishJob
from tests.bot import command_line
from tests.fakes import configure_nothing


@pytest.fixture
def jobs(database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of a job that waits and of one that failed."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    # It would go on writing to what the runner of commands takes away at the end.
    monkeypatch.setattr(logs, "configure", configure_nothing)

    async def enqueue_jobs() -> list[str]:
        async with connect(database_url) as sessions, sessions.begin() as session:
            nobody = PublishJob(attempt=UUID(int=0))
            waiting = await enqueue(session, nobody, lock_key="personality:1")
            failed = await enqueue(session, nobody)
            await session.execute(
                update(Job)
                .where(Job.id == failed)
                .values(status=JobStatus.FAILED, error="It went [dark].")
            )
            return [str(waiting), str(failed)]

    return asyncio.run(enqueue_jobs())


def troupe(*words: str, of: str = "jobs") -> tuple[int, str]:
    """Type a command of a group; return how it ended and what it said."""
    return command_line.troupe(of, *words)


def test_jobs_are_listed_and_shown(jobs: list[str]) -> None:
    waiting, failed = jobs

    _, everything = troupe("list")
    _, only = troupe("list", "--status", "failed")
    _, shown = troupe("show", waiting[:8])
    _, none = troupe("list", "--kind", "nothing")

    assert waiting[:8] in everything
    assert failed[:8] in everything
    assert waiting[:8] not in only
    assert "It went [dark]." in only
    assert "personality:1" in shown
    assert none.strip() == "No jobs."


def test_jobs_are_called_off_and_tried_again(jobs: list[str]) -> None:
    waiting, failed = jobs

    called_off = troupe("cancel", waiting[:6])
    again = troupe("retry", failed)

    assert called_off == (0, f"publish {waiting} is cancelled.\n")
    assert again == (0, f"publish {failed} is pending.\n")


@pytest.mark.parametrize(
    ("command", "job", "words"),
    [
        ("cancel", "failed", "troupe: That job is already failed.\n"),
        (
            "retry",
            "waiting",
            "troupe: That job is pending; only failed or cancelled jobs can be retried.\n",
        ),
        ("show", "nonsense", "troupe: There is no job `nonsense`.\n"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    jobs: list[str], command: str, job: str, words: str
) -> None:
    named = {"waiting": jobs[0], "failed": jobs[1]}

    assert troupe(command, named.get(job, job)) == (2, words)


def test_files_that_nobody_knows_are_found_and_deleted(
    jobs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    old = time.time() - 90_000
    for key in ("characters/a/1.jpg", "boards/2.jpg", "avatars/3.jpg", "mine/4.jpg"):
        path = tmp_path / "media" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (old, old))
    fresh = tmp_path / "media" / "characters" / "fresh.jpg"
    fresh.write_bytes(b"x")

    _, looked = troupe("sweep", of="media")
    _, swept = troupe("sweep", "--delete", of="media")
    _, again = troupe("sweep", of="media")

    assert "characters/a/1.jpg" in looked
    assert "fresh.jpg" not in looked
    assert "mine/4.jpg" not in looked
    assert looked.endswith("3 files.\n")
    assert swept.endswith("3 files, deleted.\n")
    assert again == "0 files.\n"
    assert fresh.is_file()
