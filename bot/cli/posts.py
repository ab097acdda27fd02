"""`troupe posts`: scheduling posts."""

import sys
from typing import Annotated, Any

import typer

from bot.app.services import Services
from bot.cli.photos import PhotoName
from bot.cli.services import call_services
from bot.cli.terminal import (
    OPERATOR,
    AnyPersonalityName,
    Json,
    print_details,
    print_json,
    print_rows,
    strip_markdown,
)
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
    """Schedule the post of a photo; a running bot sends it."""

    async def schedule_post(services: Services) -> Scheduling:
        matched_photo = await services.photos.find(OPERATOR, photo)
        draft = CaptionDraft(
            caption=caption,
            alt_text=alt_text or matched_photo.alt_text,
            first_comment=first_comment,
        )
        matched_target = await services.targets.find(
            OPERATOR, target, personality_id=matched_photo.personality_id
        )
        return await services.posts.schedule_post(
            OPERATOR, matched_photo.id, draft, target_id=matched_target.id, when=when
        )

    scheduling = call_services(schedule_post)
    if isinstance(scheduling, Scheduled):
        _show(scheduling.details, as_json=as_json, message="Planned.")
        return
    reason = strip_markdown(explain(scheduling.reason) or "It could not be planned.")
    existing = post_row(scheduling.existing) if scheduling.existing else None
    if as_json:
        print_json({"planned": False, "reason": reason, "existing": existing})
    else:
        typer.echo(f"Not planned: {reason}", err=True)
    sys.exit(1)


@posts_app.command(name="list")
def list_(
    personality: AnyPersonalityName = None,
    status: Annotated[PostStatus | None, typer.Option(help="Only those.")] = None,
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Show posts: scheduled ones by time, drafts, and posted ones."""

    async def list_posts(services: Services) -> list[dict[str, Any]]:
        personality_id = None
        if personality is not None:
            personality_id = (await services.personalities.find_own(OPERATOR, personality)).id
        posts = await services.calendar.list_posts(
            OPERATOR, personality_id=personality_id, statuses=[status] if status else ()
        )
        return [post_row(each) for each in posts]

    print_rows(
        call_services(list_posts),
        as_json=as_json,
        empty="No posts.",
        noun="posts",
        optional=("posted_at", "target", "scheduled_at"),
    )


@posts_app.command()
def show(post: PostName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show the details of a post."""
    _show(call_services(lambda services: services.calendar.find(OPERATOR, post)), as_json=as_json)


@posts_app.command()
def cancel(post: PostName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Cancel a post; its photo can be posted again."""

    async def cancel_post(services: Services) -> PostDetails:
        match = await services.calendar.find(OPERATOR, post)
        return await services.posts.cancel(OPERATOR, match.post.id)

    details = call_services(cancel_post)
    if as_json:
        print_json({"cancelled": True, "post": post_row(details)})
        return
    also = " It is being removed from Buffer." if details.post.cancelled_at else ""
    typer.echo(f"Cancelled: {details.photo.file_name}.{also}")


@posts_app.command()
def settle(
    post: PostName,
    is_out: Annotated[bool, typer.Option("--out/--again", help="Whether it is posted.")],
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Resolve an unconfirmed post: it is posted, or is to be sent again."""

    async def settle_post(services: Services) -> PostDetails:
        match = await services.calendar.find(OPERATOR, post)
        return await services.posts.settle(OPERATOR, match.post.id, is_out=is_out)

    _show(call_services(settle_post), as_json=as_json)


def post_row(details: PostDetails, *, whole: bool = False) -> dict[str, Any]:
    """Return a post as a row for the terminal."""
    post = details.post
    is_held = details.target is not None and details.target.paused_at is not None
    held = "its target is paused" if is_held and post.status == PostStatus.SCHEDULED else None
    row = {
        "id": str(post.id),
        "photo": details.photo.file_name,
        "target": target_label(details.target) if details.target else None,
        "status": post.status,
        "scheduled_at": _time(post.scheduled_at),
        "posted_at": _time(post.posted_at),
        "trouble": strip_markdown(post.error) if post.error else held,
    }
    if whole:
        row |= {
            "photo_id": str(details.photo.id),
            "caption": post.caption,
            "alt_text": details.photo.alt_text or None,
            "first_comment": post.first_comment or None,
            "buffer_post_id": post.buffer_post_id,
            "discord_message_id": post.discord_message_id,
            "link": post.link,
        }
    return row


def _show(details: PostDetails, *, as_json: bool, message: str = "") -> None:
    row = post_row(details, whole=True)
    if message and as_json:
        print_json({"planned": True, "post": row})
        return
    if message:
        typer.echo(message)
    print_details(row, as_json=as_json)


def _time(at: Any) -> str | None:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else None
