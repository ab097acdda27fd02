"""`troupe media`: files in the storage."""

from typing import Annotated

import typer

from bot.app.services import Services
from bot.cli.services import call_services
from bot.cli.terminal import Json, print_json
from services.media import StoredObject

media_app = typer.Typer(no_args_is_help=True, help="Stored pictures.")


@media_app.command()
def sweep(
    delete: Annotated[bool, typer.Option("--delete", help="Delete them, too.")] = False,  # noqa: FBT002 - typer's way
    as_json: Json = False,  # noqa: FBT002 - typer's way
) -> None:
    """Find files at least a day old that no row of the database references."""

    async def find_orphans(services: Services) -> list[StoredObject]:
        orphans = await services.garbage_collector.find_orphans()
        if delete:
            await services.garbage_collector.delete(orphans)
        return orphans

    orphans = call_services(find_orphans)
    if as_json:
        print_json([{"key": each.key, "size": each.size, "at": each.at} for each in orphans])
        return
    for each in orphans:
        typer.echo(f"{each.at:%Y-%m-%d %H:%M}  {each.size:>12,}  {each.key}")
    typer.echo(f"{len(orphans)} files{', deleted' if delete and orphans else ''}.")
