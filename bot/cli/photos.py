"""`troupe personas` and `troupe photos`: libraries of photos, from a terminal."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bot.app.services import Services
from bot.cli.jobs import ask
from bot.cli.terminal import plain, print_json, strip_markdown
from bot.discord.errors import explain
from services.photos import ImportOutcome, ImportResult, LibraryPhoto, Photo, folder_sources
from services.types import Actor

personas_app = typer.Typer(no_args_is_help=True, help="Personalities.")
photos_app = typer.Typer(no_args_is_help=True, help="Libraries of photos.")

# Whoever has a terminal here runs the bot.
OPERATOR = Actor(discord_id=0, name="console", is_bot_owner=True)
MOST_SHOWN = 20

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The personality's name, alias or slug.")]
PhotoName = Annotated[str, typer.Argument(help="Its id, the beginning of it, or its file's name.")]

_WHOLE = ("id", "status", "scheduled_at", "posted_at")


@personas_app.command(name="list")
def list_personas(as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show the personalities, with how many photos each has."""
    found = ask(lambda services: services.photos.libraries(OPERATOR))
    rows = [
        {
            "id": str(each.personality.id),
            "name": each.personality.name,
            "slug": each.personality.slug,
            "visibility": each.personality.visibility,
            "photos": each.photos,
            "unscheduled": each.unscheduled,
        }
        for each in found
    ]
    print_rows(rows, as_json=as_json, nothing="No personalities. `troupe seed` adds three.")


@photos_app.command(name="import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="FOLDER", help="With all folders in it.")],
    personality: Annotated[str, typer.Option(help="Whose library.")],
    ai_made: Annotated[bool, typer.Option("--ai-made", help="A machine made them all.")] = False,  # noqa: FBT002 - typer's way
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Take photos in: JPEG, PNG, WebP, HEIC, AVIF. Doing it again adds only what is new."""

    async def take(services: Services) -> list[ImportResult]:
        found = await services.personalities.find_own(OPERATOR, personality)
        sources = folder_sources(path)
        taken: list[ImportResult] = []
        with _progress(is_shown=not as_json) as progress:
            task = progress.add_task(found.name, total=len(sources))
            adding = services.photos.add(
                OPERATOR, found.id, sources, is_ai_generated=ai_made, at_once=os.cpu_count() or 1
            )
            async for each in adding:
                # Only what is told at the end is kept, not each photo.
                taken.append(each)
                progress.advance(task)
        return taken

    taken = ask(take)
    if as_json:
        print_json([_taken_row(each) for each in taken])
    else:
        _summarise(taken)


@photos_app.command(name="list")
def list_(personality: Name, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show a library, the newest photo first."""
    _list(personality, as_json=as_json, unscheduled=False)


@photos_app.command()
def unscheduled(personality: Name, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show the photos of a library that have no post yet."""
    _list(personality, as_json=as_json, unscheduled=True)


@photos_app.command()
def show(photo: PhotoName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show all that is known of a photo."""

    async def look(services: Services) -> LibraryPhoto:
        found = await services.photos.find(OPERATOR, photo)
        return await services.photos.get(OPERATOR, found.id)

    row = photo_row(ask(look), whole=True)
    if as_json:
        print_json(row)
        return
    table = Table(show_header=False)
    for name, value in row.items():
        table.add_row(name, plain(value))
    Console(markup=False).print(table)


def _list(personality: str, *, as_json: bool, unscheduled: bool) -> None:
    async def look(services: Services) -> Sequence[LibraryPhoto]:
        found = await services.personalities.find_own(OPERATOR, personality)
        return await services.photos.listed(OPERATOR, found.id, unscheduled=unscheduled)

    nothing = "No photos without a post." if unscheduled else "No photos."
    rows = [photo_row(each) for each in ask(look)]
    print_rows(rows, as_json=as_json, nothing=nothing, counted="photos")


def photo_row(shelved: LibraryPhoto, *, whole: bool = False) -> dict[str, Any]:
    """Return a photo as a terminal shows it."""
    photo = shelved.photo
    row = {
        "id": str(photo.id),
        "file": photo.file_name,
        "pixels": f"{photo.width}x{photo.height}",
        "bytes": photo.size,
        "taken": photo.taken_at.isoformat(sep=" ", timespec="minutes") if photo.taken_at else None,
        "ai_made": photo.is_ai_generated,
        "post": _post(shelved),
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
            "post_id": str(shelved.post.id) if shelved.post else None,
        }
    return row


def print_rows(
    rows: Sequence[dict[str, Any]], *, as_json: bool, nothing: str, counted: str = ""
) -> None:
    """Print a table of equal rows, or JSON."""
    if as_json:
        print_json(rows)
        return
    console = Console(markup=False)
    if not rows:
        console.print(nothing)
        return
    # A short id is enough to name a thing by; a column of which nothing is to say takes room.
    shown = [{**row, "id": row["id"][:8]} if "id" in row else row for row in rows]
    columns = [name for name in rows[0] if any(plain(row[name]) for row in shown)]
    table = Table()
    for name in columns:
        table.add_column(name.replace("_", " ").capitalize(), no_wrap=name in _WHOLE)
    for row in shown:
        table.add_row(*[plain(row[name]) for name in columns])
    console.print(table)
    if counted:
        console.print(f"{len(rows)} {counted}.")


def _progress(*, is_shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False),
        disable=not is_shown,
    )


def _summarise(taken: Sequence[ImportResult]) -> None:
    console = Console(markup=False, soft_wrap=True)
    by_outcome: defaultdict[ImportOutcome, list[ImportResult]] = defaultdict(list)
    for each in taken:
        by_outcome[each.outcome].append(each)
    words = {
        ImportOutcome.ADDED: "added",
        ImportOutcome.DUPLICATE: "there already",
        ImportOutcome.NEAR_DUPLICATE: "so like another that they were left out",
        ImportOutcome.REFUSED: "refused",
    }
    for outcome, said in words.items():
        if found := by_outcome[outcome]:
            console.print(f"{len(found):>6}  {said}")
    for each in by_outcome[ImportOutcome.NEAR_DUPLICATE][:MOST_SHOWN]:
        console.print(f"  ≈ {each.name} is like {_name(each.photo)}")
    for each in by_outcome[ImportOutcome.REFUSED][:MOST_SHOWN]:
        console.print(f"  ✗ {each.name}: {_reason(each)}")
    for outcome in (ImportOutcome.NEAR_DUPLICATE, ImportOutcome.REFUSED):
        if (more := len(by_outcome[outcome]) - MOST_SHOWN) > 0:
            console.print(f"  … and {more} more {outcome}; `--json` names all.")


def _post(shelved: LibraryPhoto) -> str | None:
    post, target = shelved.post, shelved.target
    if post is None:
        return None
    at = post.posted_at or post.scheduled_at
    parts = (post.status, at and f"{at:%Y-%m-%d %H:%M} UTC", target and target.name)
    return ", ".join(part for part in parts if part)


def _taken_row(taken: ImportResult) -> dict[str, Any]:
    return {
        "file": taken.name,
        "outcome": taken.outcome,
        "photo": str(taken.photo.id) if taken.photo else None,
        "reason": _reason(taken) if taken.reason else None,
    }


def _reason(taken: ImportResult) -> str:
    words = explain(taken.reason) if taken.reason else None
    return strip_markdown(words or "it cannot be read")


def _name(photo: Photo | None) -> str:
    return f"{photo.file_name} ({str(photo.id)[:8]})" if photo else "another"
