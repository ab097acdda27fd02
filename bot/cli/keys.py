"""`troupe keys`: the secret that keys of users are sealed with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from bot.app.own_keys import open_vault
from bot.app.settings import Settings
from bot.cli import terminal
from bot.cli.terminal import fail, friendly_errors
from db.session import Sessions, connect
from db.upgrade import upgrade
from services.keys import Vault, adopt_secret, forget_all, propose_secret

keys_app = typer.Typer(no_args_is_help=True, help="Keys that users have brought.")


@keys_app.command()
def rotate() -> None:
    """Seal all keys with another secret: KEYS_SECRET_NEXT, or a new one in the data folder."""

    async def reseal(settings: Settings, sessions: Sessions) -> int:
        vault = await open_vault(settings, sessions)
        if settings.keys_secret is None:
            new = propose_secret(settings.data_dir)
        elif settings.keys_secret_next is None:
            fail("KEYS_SECRET_NEXT: set it to the secret that takes the place of KEYS_SECRET")
            raise AssertionError("unreachable")
        else:
            new = settings.keys_secret_next.get_secret_value()
        async with sessions.begin() as session:
            count = await vault.rotate(session, Vault(new))
        if settings.keys_secret is None:
            adopt_secret(settings.data_dir)
        return count

    count = _call(reseal)
    typer.echo(f"{count} keys are sealed with the new secret. Restart the processes of the bot.")
    if terminal.settings().keys_secret is not None:
        typer.echo("First set KEYS_SECRET to what KEYS_SECRET_NEXT is now, and remove the latter.")


@keys_app.command()
def forget(
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Delete all keys that users have brought, where the secret is lost."""
    if not yes:
        fail("this deletes every key that users have brought; add --yes")

    async def delete(_: Settings, sessions: Sessions) -> int:
        async with sessions.begin() as session:
            return await forget_all(session)

    typer.echo(f"{_call(delete)} keys are deleted.")


def _call(change: Callable[[Settings, Sessions], Awaitable[int]]) -> int:
    settings = terminal.settings()

    async def run(url: str) -> int:
        async with connect(url) as sessions:
            return await change(settings, sessions)

    with friendly_errors(), terminal.database(settings) as url:
        upgrade(url)
        return asyncio.run(run(url))
    raise AssertionError("unreachable")
