"""Keys that users bring: the secret they are sealed with, and the vendors they open."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.app.settings import Settings
from bot.app.vendors import vendor_opener
from db.models import KeyCheck
from db.session import Sessions
from services.background_calls import BackgroundCalls
from services.keys import (
    KeyRing,
    KeyService,
    Vault,
    adopt_secret,
    proposed_secret,
    read_secret,
)
from services.llm import VENDORS


@asynccontextmanager
async def own_keys(
    settings: Settings, sessions: Sessions, background: BackgroundCalls
) -> AsyncGenerator[KeyService]:
    """Open the keys of users, and know of every change while the context is open.

    Raises:
        SecretWrong: Keys are stored that were sealed with another secret.
    """
    vault = await open_vault(settings, sessions)
    opener = vendor_opener(settings)
    defaults = {name: getattr(settings, f"{name}_model", "") for name in VENDORS}
    ring = KeyRing(sessions, vault, opener, defaults)
    async with ring.running():
        yield KeyService(sessions, vault, ring, background, opener, settings.key_hosts)


async def open_vault(settings: Settings, sessions: Sessions) -> Vault:
    """Return the vault of `KEYS_SECRET`, else of the secret in the data folder.

    Raises:
        SecretWrong: Keys are stored that were sealed with another secret.
    """
    folder = settings.data_dir
    async with sessions() as session:
        check = await session.get(KeyCheck, 1)
        if settings.keys_secret is not None:
            vault = Vault(settings.keys_secret.get_secret_value())
        else:
            vault = Vault(read_secret(folder))
            # A rotation was interrupted after it had been stored.
            proposed = proposed_secret(folder)
            if proposed and check is not None and Vault(proposed).opens(check):
                adopt_secret(folder)
                vault = Vault(proposed)
        await vault.check(session)
    return vault
