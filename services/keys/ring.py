"""The keys that users have brought, ready to pay calls of models with."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, update
from typing_extensions import override

from db.models import ApiKey, User
from db.retry import retry_on_disconnect
from db.session import Sessions, follow
from services.access import OwnKeyGone, OwnKeyRefused, Payer, PayerKind
from services.errors import DomainError, NotificationFailed
from services.keys.vault import Vault
from services.llm import ModelError, OwnKey, OwnKeys, TextModel
from services.notifications import Notice, Notifier

log = logging.getLogger(__name__)

_CHANNEL = "api_keys"
_MAX_IDLE = 32


@dataclass(frozen=True, kw_only=True)
class KeyRefusedNotice(Notice):
    """A vendor does not accept a key that its owner has brought for others."""

    error: OwnKeyRefused


@dataclass
class _Client:
    """An open vendor, and how many calls use it now."""

    vendor: TextModel
    sealed: bytes
    users: int = 0


class KeyRing(OwnKeys):
    """Knows who has which key, in every process, and opens vendors with them.

    `open_vendor` makes a vendor of its name, a key and an address. `defaults` are the models that
    `vendor/default` stands for.
    """

    def __init__(
        self,
        sessions: Sessions,
        vault: Vault,
        open_vendor: Callable[[str, str, str | None], TextModel],
        defaults: Mapping[str, str],
    ) -> None:
        self._sessions = sessions
        self._vault = vault
        self._open_vendor = open_vendor
        self._defaults = defaults
        self._rows: dict[UUID, ApiKey] = {}
        self._keys: dict[tuple[Payer, str], OwnKey] = {}
        self._clients: OrderedDict[UUID, _Client] = OrderedDict()
        self._opening = asyncio.Lock()
        self._notifier: Notifier | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Know of every change while the context is open."""
        async with follow(self._sessions, _CHANNEL, self.load):
            try:
                yield
            finally:
                await self.close()

    async def close(self) -> None:
        """Close all vendors."""
        for client in self._clients.values():
            await client.vendor.close()

    def notify_by(self, notifier: Notifier) -> None:
        """Tell owners by DM when a key is refused that they have brought for others."""
        self._notifier = notifier

    async def load(self) -> None:
        """Read who has which key."""
        async with self._sessions() as session:
            rows = (await session.scalars(select(ApiKey))).all()
        self._rows = {row.id: row for row in rows}
        self._keys = {}
        for row in rows:
            kinds = [PayerKind.USER, *([PayerKind.MAKER] if row.for_acts else [])]
            payers = (
                [Payer(kind, row.owner_id) for kind in kinds]
                if row.guild_id is None
                else [Payer(PayerKind.SERVER, row.guild_id)]
            )
            for payer in payers:
                self._keys[payer, row.vendor] = OwnKey(
                    id=row.id,
                    payer=payer,
                    vendor=row.vendor,
                    default=row.model or self._defaults.get(row.vendor, ""),
                    budget_usd=row.budget_usd,
                )
        await self._close_idle()

    @override
    def find(self, payers: Sequence[Payer], vendor: str) -> OwnKey | None:
        found = (self._keys.get((payer, vendor)) for payer in payers)
        return next((key for key in found if key is not None), None)

    @override
    def vendors(self, payers: Sequence[Payer]) -> frozenset[str]:
        return frozenset(vendor for payer, vendor in self._keys if payer in payers)

    @override
    @asynccontextmanager
    async def open(self, key: OwnKey) -> AsyncGenerator[TextModel]:
        row = self._rows.get(key.id)
        if row is None:
            raise OwnKeyGone(f"{key.vendor}/{key.default}")
        async with self._opening:
            client = self._clients.get(key.id)
            if client is None:
                text = self._vault.open(row.sealed, bound_to=row.id.bytes)
                # SDKs read certificates from files.
                vendor = await asyncio.to_thread(self._open_vendor, row.vendor, text, row.base_url)
                client = self._clients[key.id] = _Client(vendor, row.sealed)
        self._clients.move_to_end(key.id)
        client.users += 1
        try:
            yield client.vendor
        except ModelError as error:
            # What a vendor says may repeat the key.
            text = self._vault.open(client.sealed, bound_to=key.id.bytes)
            error.detail = error.detail.replace(text, "…")
            raise
        finally:
            client.users -= 1
            await self._close_idle()

    @override
    async def note_outcome(self, key: OwnKey, error: DomainError | None) -> None:
        row = self._rows.get(key.id)
        if row is None or (error is None) == (row.failed_at is None):
            return
        failed_at = datetime.now(UTC) if error else None

        async def store() -> int | None:
            async with self._sessions.begin() as session:
                has_changed = ApiKey.failed_at.is_(None) if error else ApiKey.failed_at.is_not(None)
                owner = select(User.discord_id).where(User.id == ApiKey.owner_id).scalar_subquery()
                return await session.scalar(
                    update(ApiKey)
                    .where(ApiKey.id == key.id, has_changed)
                    .values(failed_at=failed_at)
                    .returning(owner)
                )

        owner = await retry_on_disconnect(store)
        row.failed_at = failed_at
        # Whoever speaks on their own key is told at once, by the error.
        if isinstance(error, OwnKeyRefused) and owner and error.brought_by != PayerKind.USER:
            await self._tell(owner, error)

    async def _tell(self, owner: int, error: OwnKeyRefused) -> None:
        if self._notifier is None:
            return
        try:
            await self._notifier.send_dm(owner, KeyRefusedNotice(error=error))
        except NotificationFailed:
            log.info("The owner of a key cannot be told now that %s refuses it", error.vendor)

    async def _close_idle(self) -> None:
        """Close vendors whose key was changed or removed, and the longest unused ones."""
        for key_id, client in list(self._clients.items()):
            row = self._rows.get(key_id)
            is_current = row is not None and row.sealed == client.sealed
            if not client.users and (not is_current or len(self._clients) > _MAX_IDLE):
                del self._clients[key_id]
                await client.vendor.close()
