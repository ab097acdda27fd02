"""`troupe personas`: who the users are to personalities."""

import typer

from bot.cli.services import call_services
from bot.cli.terminal import OPERATOR, Json, print_rows

personas_app = typer.Typer(no_args_is_help=True, help="Personas of users.")


@personas_app.command(name="list")
def list_(as_json: Json = False) -> None:  # noqa: FBT002 - typer's way
    """Show all users' personas, and which each wears by default."""
    personas = call_services(lambda services: services.people.list_all(OPERATOR))
    rows = [
        {
            "id": str(each.persona.id),
            "user": each.user,
            "user_id": each.discord_id,
            "name": each.persona.name,
            "pronouns": each.persona.pronouns,
            "default": each.is_default,
        }
        for each in personas
    ]
    print_rows(
        rows,
        as_json=as_json,
        empty="No personas: nobody has spoken yet.",
        noun="personas",
        optional=("id", "pronouns", "user_id"),
    )
