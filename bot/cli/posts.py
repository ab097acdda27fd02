"""`troupe posts`: planning posts from a terminal."""

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.app.services import Services
from bot.cli.jobs import ask
from bot.cli.photos import OPERATOR, Json, PhotoName, print_rows
from bot.cli.terminal import plain, print_json, strip_markdown
from bot.discord.embeds.posts import target_label
from bot.discord.errors import explain
from services.social import NEXT, CaptionDraft, PostDetails, PostStatus, Scheduled, Scheduling

posts_app = typer.Typer(no_args_is_help=True, help="Posts of photos.")

PostName = Annotated[str, typer.Argument(help="Its id, the beginning of it, or its photo's.")]


@posts_app.command()
def schedule(
    photo: PhotoName,
    target: Annotated[str, typer.Option(help="Where: the name or id of a target.")],
    caption: Annotated[str, typer.Option(help="What it says.")] = "",
    alt_text: Annotated[str, typer.Option(help="What the photo shows.")] = "",
    first_comment: Annotated[str, typer.Option(help="The first comment below it.")] = "",
    when: Annotated[
        str, typer.Option(help="Like '2026-12-24 18:00', by the target's clock.")
    ] = NEXT,
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Plan the post of a photo; a running bot sees to it."""

    async def plan(services: Services) -> Scheduling:
        found = await services.photos.find(OPERATOR, photo)
        draft = CaptionDraft(
            caption=caption,
            alt_text=alt_text or found.alt_text,
            first_comment=first_comment,
        )
        where = await services.targets.find(OPERATOR, target, personality_id=found.personality_id)
        return await services.posts.schedule_post(
            OPERATOR, found.id, draft, target_id=where.id, when=when
        )

    done = ask(plan)
    if isinstance(done, Scheduled):
        _show(done.details, as_json=as_json, said="Planned.")
        return
    words = strip_markdown(explain(done.reason) or "It could not be planned.")
    existing = entry_row(done.existing) if done.existing else None
    if as_json:
        print_json({"planned": False, "reason": words, "existing": existing})
    else:
        typer.echo(f"Not planned: {words}", err=True)
    sys.exit(1)


@posts_app.command(name="list")
def list_(
    personality: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    status: Annotated[PostStatus | None, typer.Option(help="Only those.")] = None,
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Show posts: what is planned by its time, drafts, and what is out."""

    async def look(services: Services) -> list[dict[str, Any]]:
        whose = None
        if personality is not None:
            whose = (await services.personalities.find_own(OPERATOR, personality)).id
        found = await services.calendar.listed(
            OPERATOR, personality_id=whose, statuses=[status] if status else ()
        )
        return [entry_row(each) for each in found]

    print_rows(ask(look), as_json=as_json, nothing="No posts.", counted="posts")


@posts_app.command()
def show(post: PostName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show all that is known of a post."""
    _show(ask(lambda services: services.calendar.find(OPERATOR, post)), as_json=as_json)


@posts_app.command()
def cancel(post: PostName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Call a post off; its photo is free again."""

    async def call_off(services: Services) -> PostDetails:
        found = await services.calendar.find(OPERATOR, post)
        return await services.posts.cancel(OPERATOR, found.post.id)

    entry = ask(call_off)
    if as_json:
        print_json({"cancelled": True, "post": entry_row(entry)})
        return
    also = " Buffer is asked to let go of it." if entry.post.cancelled_at else ""
    typer.echo(f"Called off: {entry.photo.file_name}.{also}")


@posts_app.command()
def settle(
    post: PostName,
    is_out: Annotated[bool, typer.Option("--out/--again", help="Whether it is posted.")],
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Say whether a post is out of which nobody knows it; if not, it goes out again."""

    async def say(services: Services) -> PostDetails:
        found = await services.calendar.find(OPERATOR, post)
        return await services.posts.settle(OPERATOR, found.post.id, is_out=is_out)

    _show(ask(say), as_json=as_json)


def entry_row(entry: PostDetails, *, whole: bool = False) -> dict[str, Any]:
    """Return a post as a terminal shows it."""
    post = entry.post
    is_held = entry.target is not None and entry.target.paused_at is not None
    held = "its target is paused" if is_held and post.status == PostStatus.SCHEDULED else None
    row = {
        "id": str(post.id),
        "photo": entry.photo.file_name,
        "target": target_label(entry.target) if entry.target else None,
        "status": post.status,
        "scheduled_at": _time(post.scheduled_at),
        "posted_at": _time(post.posted_at),
        "trouble": strip_markdown(post.error) if post.error else held,
    }
    if whole:
        row |= {
            "photo_id": str(entry.photo.id),
            "caption": post.caption,
            "alt_text": entry.photo.alt_text or None,
            "first_comment": post.first_comment or None,
            "buffer_post_id": post.buffer_post_id,
            "discord_message_id": post.discord_message_id,
            "link": post.link,
        }
    return row


def _show(entry: PostDetails, *, as_json: bool, said: str = "") -> None:
    row = entry_row(entry, whole=True)
    if as_json:
        print_json({"planned": True, "post": row} if said else row)
        return
    if said:
        typer.echo(said)
    table = Table(show_header=False)
    for name, value in row.items():
        table.add_row(name, plain(value))
    Console(markup=False).print(table)


def _time(at: Any) -> str | None:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else None
