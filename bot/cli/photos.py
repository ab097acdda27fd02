"""`troupe photos`: photo libraries."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.app.services import Services
from bot.cli.services import call_services
from bot.cli.terminal import (
    OPERATOR,
    SHORT_ID,
    Json,
    PersonalityName,
    print_details,
    print_json,
    print_rows,
    strip_markdown,
)
from bot.discord.errors import explain
from services.photos import ImportOutcome, ImportResult, LibraryPhoto, Photo, folder_sources

photos_app = typer.Typer(no_args_is_help=True, help="Libraries of photos.")

MAX_SHOWN = 20
_OPTIONAL = ("bytes", "pixels", "taken", "ai_made")

PhotoName = Annotated[str, typer.Argument(help="Its id, the beginning of it, or its file's name.")]


@photos_app.command(name="import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="FOLDER", help="With all folders in it.")],
    personality: PersonalityName,
    ai_made: Annotated[bool, typer.Option("--ai-made", help="All are AI-generated.")] = False,  # noqa: FBT002 - typer's way
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Import photos: JPEG, PNG, WebP, HEIC, AVIF. Importing again adds only new ones."""

    async def add_photos(services: Services) -> list[ImportResult]:
        owner = await services.personalities.find_own(OPERATOR, personality)
        sources = folder_sources(path)
        results: list[ImportResult] = []
        with _progress(is_shown=not as_json) as progress:
            task = progress.add_task(owner.name, total=len(sources))
            adding = services.photos.add(
                OPERATOR, owner.id, sources, is_ai_generated=ai_made, at_once=os.cpu_count() or 1
            )
            async for each in adding:
                # Results are collected for the summary; the files are not.
                results.append(each)
                progress.advance(task)
        return results

    results = call_services(add_photos)
    if as_json:
        print_json([_result_row(each) for each in results])
    else:
        _print_summary(results)


@photos_app.command(name="list")
def list_(personality: PersonalityName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show a library, newest photo first."""
    _print_library(personality, as_json=as_json, unscheduled=False)


@photos_app.command()
def unscheduled(personality: PersonalityName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show the photos of a library that have no post yet."""
    _print_library(personality, as_json=as_json, unscheduled=True)


@photos_app.command()
def show(photo: PhotoName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show the details of a photo."""

    async def get_photo(services: Services) -> LibraryPhoto:
        match = await services.photos.find(OPERATOR, photo)
        return await services.photos.get(OPERATOR, match.id)

    print_details(photo_row(call_services(get_photo), whole=True), as_json=as_json)


def _print_library(personality: str, *, as_json: bool, unscheduled: bool) -> None:
    async def list_photos(services: Services) -> Sequence[LibraryPhoto]:
        owner = await services.personalities.find_own(OPERATOR, personality)
        return await services.photos.list_photos(OPERATOR, owner.id, unscheduled=unscheduled)

    empty = "No photos without a post." if unscheduled else "No photos."
    rows = [photo_row(each) for each in call_services(list_photos)]
    print_rows(rows, as_json=as_json, empty=empty, noun="photos", optional=_OPTIONAL)


def photo_row(library_photo: LibraryPhoto, *, whole: bool = False) -> dict[str, Any]:
    """Return a photo as a row for the terminal."""
    photo = library_photo.photo
    row = {
        "id": str(photo.id),
        "file": photo.file_name,
        "pixels": f"{photo.width}x{photo.height}",
        "bytes": photo.size,
        "taken": photo.taken_at.isoformat(sep=" ", timespec="minutes") if photo.taken_at else None,
        "ai_made": photo.is_ai_generated,
        "post": _post(library_photo),
    }
    if whole:
        row |= {
            "alt_text": photo.alt_text or None,
            "storage_key": photo.storage_key,
            "thumbnail_key": photo.thumbnail_key,
            "sha256": photo.sha256,
            "perceptual_hash": f"{int(photo.perceptual_hash, 2):064x}",
            "embedding_model": photo.embedding_model,
            "added": photo.created_at.isoformat(sep=" ", timespec="seconds"),
            "post_id": str(library_photo.post.id) if library_photo.post else None,
        }
    return row


def _progress(*, is_shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False),
        disable=not is_shown,
    )


def _print_summary(results: Sequence[ImportResult]) -> None:
    console = Console(markup=False, soft_wrap=True)
    by_outcome: defaultdict[ImportOutcome, list[ImportResult]] = defaultdict(list)
    for each in results:
        by_outcome[each.outcome].append(each)
    labels = {
        ImportOutcome.ADDED: "added",
        ImportOutcome.DUPLICATE: "already there",
        ImportOutcome.NEAR_DUPLICATE: "skipped as too similar to another",
        ImportOutcome.REPLACED: "better than a similar one, which they replace",
        ImportOutcome.REFUSED: "refused",
    }
    for outcome, text in labels.items():
        if matches := by_outcome[outcome]:
            console.print(f"{len(matches):>6}  {text}")
    for each in by_outcome[ImportOutcome.NEAR_DUPLICATE][:MAX_SHOWN]:
        console.print(f"  ≈ {each.name} is similar to {_name(each.photo)}")
    for each in by_outcome[ImportOutcome.REFUSED][:MAX_SHOWN]:
        console.print(f"  ✗ {each.name}: {_reason(each)}")
    for outcome in (ImportOutcome.NEAR_DUPLICATE, ImportOutcome.REFUSED):
        if (more := len(by_outcome[outcome]) - MAX_SHOWN) > 0:
            console.print(f"  … and {more} more {outcome}; `--json` names all.")


def _post(library_photo: LibraryPhoto) -> str | None:
    post, target = library_photo.post, library_photo.target
    if post is None:
        return None
    at = post.posted_at or post.scheduled_at
    parts = (post.status, at and f"{at:%Y-%m-%d %H:%M} UTC", target and target.name)
    return ", ".join(part for part in parts if part)


def _result_row(result: ImportResult) -> dict[str, Any]:
    return {
        "file": result.name,
        "outcome": result.outcome,
        "photo": str(result.photo.id) if result.photo else None,
        "reason": _reason(result) if result.reason else None,
    }


def _reason(result: ImportResult) -> str:
    message = explain(result.reason) if result.reason else None
    return strip_markdown(message or "it cannot be read")


def _name(photo: Photo | None) -> str:
    return f"{photo.file_name} ({str(photo.id)[:SHORT_ID]})" if photo else "another"
