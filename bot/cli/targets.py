"""`troupe targets`: where personalities post their photos."""

from typing import Annotated, Any

import typer

from bot.app.services import Services
from bot.cli.services import call_services
from bot.cli.terminal import (
    OPERATOR,
    Json,
    PersonalityName,
    print_details,
    print_json,
    print_rows,
)
from bot.discord.embeds.posts import target_label
from services.social import TargetDetails, format_slots, parse_slots

targets_app = typer.Typer(no_args_is_help=True, help="Where photos are posted.")

Target = Annotated[str, typer.Argument(help="Its name or id, as `targets list` shows it.")]


@targets_app.command()
def channels(as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show the channels of the Buffer account, which `targets add` takes."""
    found = call_services(lambda services: services.targets.channels(OPERATOR))
    rows = [
        {
            "channel": each.name,
            "network": each.service,
            "time_zone": each.time_zone,
            "problem": each.problem,
            "buffer_id": each.id,
        }
        for each in found
    ]
    empty = "There are no channels in the Buffer account."
    print_rows(rows, as_json=as_json, empty=empty, optional=("time_zone",))


@targets_app.command(name="list")
def list_(personality: PersonalityName, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show where a personality posts."""

    async def list_targets(services: Services) -> list[dict[str, Any]]:
        owner = await services.personalities.find_own(OPERATOR, personality)
        return [
            target_row(each) for each in await services.targets.list_targets(OPERATOR, owner.id)
        ]

    empty = "No targets. `troupe targets add` adds one."
    optional = ("time_zone", "free_at", "slots")
    print_rows(call_services(list_targets), as_json=as_json, empty=empty, optional=optional)


@targets_app.command()
def add(
    channel: Annotated[str, typer.Argument(help="A Buffer channel, by its name or id.")],
    personality: PersonalityName,
    slots: Annotated[
        str, typer.Option(help="When it posts each week, like 'Mon-Fri 09:00, 18:30; Sun 12:00'.")
    ] = "",
    time_zone: Annotated[
        str | None, typer.Option(help="The clock of its slots, else the channel's.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Let a personality post on a Buffer channel.

    Channels of Discord are added there, with `/schedule targets`, by who moderates them.
    """

    async def add_target(services: Services) -> TargetDetails:
        weekly = parse_slots(slots.replace(";", "\n"))
        owner = await services.personalities.find_own(OPERATOR, personality)
        target = await services.targets.add_buffer_channel(OPERATOR, owner.id, channel)
        if weekly or time_zone:
            return await services.targets.set_slots(
                OPERATOR, target.id, weekly, time_zone=time_zone
            )
        return await services.targets.details(OPERATOR, target.id)

    print_details(target_row(call_services(add_target)), as_json=as_json)


@targets_app.command()
def slots(
    target: Target,
    times: Annotated[
        str, typer.Argument(help="Like 'Mon-Fri 09:00, 18:30; Sun 12:00'; '' for none.")
    ],
    time_zone: Annotated[
        str | None, typer.Option(help="Their clock, else that of the target.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Set when a target posts each week; scheduled posts keep their time."""

    async def set_slots(services: Services) -> TargetDetails:
        match = await services.targets.find(OPERATOR, target)
        weekly = parse_slots(times.replace(";", "\n"))
        return await services.targets.set_slots(OPERATOR, match.id, weekly, time_zone=time_zone)

    print_details(target_row(call_services(set_slots)), as_json=as_json)


@targets_app.command()
def pause(target: Target, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Pause a target; its posts leave Buffer's queue until it is resumed."""
    _pause(target, paused=True, as_json=as_json)


@targets_app.command()
def resume(target: Target, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Resume a paused target."""
    _pause(target, paused=False, as_json=as_json)


@targets_app.command()
def remove(target: Target, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Remove a target, and cancel the posts planned for it."""

    async def remove_target(services: Services) -> TargetDetails:
        match = await services.targets.find(OPERATOR, target)
        details = await services.targets.details(OPERATOR, match.id)
        await services.targets.remove(OPERATOR, match.id)
        return details

    details = call_services(remove_target)
    if as_json:
        print_json({"removed": True, "target": target_row(details)})
    else:
        typer.echo(f"Removed: {target_label(details.target)}. Cancelled: {details.waiting}.")


def target_row(details: TargetDetails) -> dict[str, Any]:
    """Return a target as a row for the terminal."""
    target = details.target
    return {
        "id": str(target.id),
        "target": target_label(target),
        "slots": format_slots(details.slots) or None,
        "time_zone": target.time_zone,
        "waiting": details.waiting,
        "free_at": f"{details.free_at:%Y-%m-%d %H:%M} UTC" if details.free_at else None,
        "state": "paused" if target.paused_at else None,
    }


def _pause(target: str, *, paused: bool, as_json: bool) -> None:
    async def set_state(services: Services) -> TargetDetails:
        match = await services.targets.find(OPERATOR, target)
        return await services.targets.pause(OPERATOR, match.id, paused=paused)

    print_details(target_row(call_services(set_state)), as_json=as_json)
