"""`troupe personalities`: who there is."""

import typer

from bot.cli.services import call_services
from bot.cli.terminal import OPERATOR, Json, print_rows

personalities_app = typer.Typer(no_args_is_help=True, help="Personalities.")


@personalities_app.command(name="list")
def list_(as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show the personalities, with how many photos each has."""
    libraries = call_services(lambda services: services.photos.libraries(OPERATOR))
    rows = [
        {
            "id": str(each.personality.id),
            "name": each.personality.name,
            "slug": each.personality.slug,
            "visibility": each.personality.visibility,
            "photos": each.photos,
            "unscheduled": each.unscheduled,
        }
        for each in libraries
    ]
    if not as_json:
        # Other commands take names and slugs.
        rows = [{name: value for name, value in row.items() if name != "id"} for row in rows]
    empty = "No personalities. `troupe seed` adds three."
    print_rows(rows, as_json=as_json, empty=empty, optional=("visibility", "unscheduled"))
