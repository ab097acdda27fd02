"""What users do with keys of their own."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, or_, select, true, update

from db.models import ApiKey, User
from db.session import Sessions
from services.access import MAX_USD, authorize, log_action
from services.background_calls import BackgroundCalls
from services.errors import ModeratorsOnly
from services.keys.errors import (
    AddressNotAllowed,
    KeyBudgetInvalid,
    KeyInvalid,
    KeyNotAccepted,
    KeyNotFound,
    KeyProblem,
    KeyUntested,
    NoSuchKeyVendor,
)
from services.keys.ring import KeyRing
from services.keys.vault import Vault
from services.llm import CUSTOM, VENDORS, ModelError, ModelMisconfigured, TextModel
from services.people import get_or_create_user
from services.texts import clean_text
from services.types import Actor

_MIN_LENGTH, _MAX_LENGTH = 16, 500
_TEST_SECONDS = 30
ANY_HOST = "*"


@dataclass(frozen=True, kw_only=True)
class KeyInput:
    """What a user has typed about a key, not validated yet.

    `guild_id` is the server for whose members it is brought, `budget_usd` what it may cost there in
    24 hours. `base_url` and `model` are those of a vendor without an address of its own.
    """

    vendor: str
    text: str
    guild_id: int | None = None
    budget_usd: float | None = None
    base_url: str = ""
    model: str = ""
    for_acts: bool = False


@dataclass(frozen=True, kw_only=True)
class ListedKey:
    """A stored key, without its text. `failed_at` is since when its vendor refuses it."""

    vendor: str
    guild_id: int | None
    host: str | None
    model: str | None
    for_acts: bool
    budget_usd: float | None
    created_at: datetime
    failed_at: datetime | None


class KeyService:
    """Stores keys that their vendors accept; nobody is ever shown one again.

    `allowed_hosts` are the hosts that a user may name as the address of a key.
    """

    def __init__(
        self,
        sessions: Sessions,
        vault: Vault,
        ring: KeyRing,
        background: BackgroundCalls,
        open_vendor: Callable[[str, str, str | None], TextModel],
        allowed_hosts: Collection[str] = (),
    ) -> None:
        self._sessions = sessions
        self._vault = vault
        self.ring = ring
        self._background = background
        self._open_vendor = open_vendor
        self._allowed_hosts = frozenset(allowed_hosts)

    async def add(self, actor: Actor, key_input: KeyInput) -> int:
        """Store a key in place of an earlier one of its vendor; return how many models it opens.

        Raises:
            AccessDenied: The actor is blocked.
            AddressNotAllowed: The operator does not allow keys of the address.
            KeyBudgetInvalid: The budget of a server's key is no amount.
            KeyInvalid, KeyNotAccepted, KeyUntested: It is no key, or the vendor refuses it.
            KeysLocked: This process cannot store keys.
            ModeratorsOnly: The key is for a server that the actor does not moderate.
        """
        self._check(actor, key_input)
        text = _clean(key_input.vendor, key_input.text)
        base_url = self._address(key_input) if key_input.vendor == CUSTOM else None
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await authorize(session, "key test", user=user)
        count = await self._try(key_input.vendor, text, base_url)
        async with self._sessions.begin() as session:
            await self._vault.claim(session)
            user = await get_or_create_user(session, actor)
            await session.execute(
                delete(ApiKey).where(*_of(user, key_input.vendor, key_input.guild_id))
            )
            key = ApiKey(
                owner_id=user.id,
                guild_id=key_input.guild_id,
                vendor=key_input.vendor,
                base_url=base_url,
                model=clean_text(key_input.model, field="model", limit=200) or None,
                sealed=b"",
                for_acts=key_input.for_acts and key_input.guild_id is None,
                budget_usd=key_input.budget_usd if key_input.guild_id else None,
            )
            key.id = uuid4()
            key.sealed = self._vault.seal(text, bound_to=key.id.bytes)
            session.add(key)
            if key_input.guild_id:
                subject = f"{key_input.vendor}, ${key_input.budget_usd:g} in 24 hours"
                log_action(session, actor, "added key", subject, guild_id=key_input.guild_id)
        await self.ring.load()
        return count

    async def remove(self, actor: Actor, vendor: str, *, guild_id: int | None = None) -> None:
        """Delete a key of the actor, or of a server that the actor moderates.

        What somebody has brought to a server they may always take back.

        Raises:
            KeyNotFound: There is none.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            mine = true() if actor.moderates_server else ApiKey.owner_id == user.id
            removed = await session.scalar(
                delete(ApiKey).where(*_of(user, vendor, guild_id), mine).returning(ApiKey.id)
            )
            if removed is None:
                raise KeyNotFound(VENDORS[vendor].label)
            if guild_id is not None:
                log_action(session, actor, "removed key", vendor, guild_id=guild_id)
        await self.ring.load()

    async def list_keys(self, actor: Actor, guild_id: int | None = None) -> Sequence[ListedKey]:
        """Return the actor's keys, and for its moderators those of a server."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            shown = ApiKey.owner_id == user.id
            if guild_id is not None and actor.moderates_server:
                shown = or_(shown, ApiKey.guild_id == guild_id)
            keys = await session.scalars(
                select(ApiKey).where(shown).order_by(ApiKey.guild_id, ApiKey.vendor)
            )
            return [
                ListedKey(
                    vendor=key.vendor,
                    guild_id=key.guild_id,
                    host=urlsplit(key.base_url).hostname if key.base_url else None,
                    model=key.model,
                    for_acts=key.for_acts,
                    budget_usd=key.budget_usd,
                    created_at=key.created_at,
                    failed_at=key.failed_at,
                )
                for key in keys
            ]

    async def test(self, actor: Actor, vendor: str, *, guild_id: int | None = None) -> int:
        """Ask the vendor whether it accepts a stored key; return how many models it opens.

        Raises:
            AccessDenied: The actor is blocked.
            KeyNotAccepted, KeyUntested: It does not, or does not answer.
            KeyNotFound: There is none.
            KeysLocked: This process cannot read keys.
            ModeratorsOnly: It is a server's, and the actor does not moderate that.
        """
        if guild_id is not None and not actor.moderates_server:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await authorize(session, "key test", user=user)
            key = await session.scalar(select(ApiKey).where(*_of(user, vendor, guild_id)))
        if key is None:
            raise KeyNotFound(VENDORS[vendor].label)
        text = self._vault.open(key.sealed, bound_to=key.id.bytes)
        count = await self._try(vendor, text, key.base_url)
        if key.failed_at is not None:
            async with self._sessions.begin() as session:
                working = update(ApiKey).where(ApiKey.id == key.id).values(failed_at=None)
                await session.execute(working)
        return count

    def _check(self, actor: Actor, key_input: KeyInput) -> None:
        vendor = VENDORS.get(key_input.vendor)
        if vendor is None or not vendor.takes_keys:
            raise NoSuchKeyVendor
        if key_input.guild_id is None:
            return
        if not actor.moderates_server:
            raise ModeratorsOnly
        if key_input.budget_usd is None or not 0 < key_input.budget_usd <= MAX_USD:
            raise KeyBudgetInvalid

    def _address(self, key_input: KeyInput) -> str:
        base_url = clean_text(key_input.base_url, field="address", limit=300)
        try:
            parts = urlsplit(base_url)
            host = (parts.hostname or "").lower()
            is_plain = bool(parts.username or parts.query or parts.fragment)
        except ValueError as error:
            raise AddressNotAllowed(base_url, tuple(sorted(self._allowed_hosts))) from error
        is_allowed = ANY_HOST in self._allowed_hosts or host in self._allowed_hosts
        if parts.scheme != "https" or is_plain or not host or not is_allowed:
            raise AddressNotAllowed(host or base_url, tuple(sorted(self._allowed_hosts)))
        return base_url.rstrip("/")

    async def _try(self, vendor: str, text: str, base_url: str | None) -> int:
        """Ask a vendor for its models with a key, which costs nothing."""

        async def ask() -> int:
            opened = self._open_vendor(vendor, text, base_url)
            try:
                async with asyncio.timeout(_TEST_SECONDS):
                    return await opened.check_key()
            finally:
                await opened.close()

        try:
            return await self._background.call(ask)
        except ModelMisconfigured as error:
            raise KeyNotAccepted(VENDORS[vendor].label) from error
        except (ModelError, TimeoutError) as error:
            raise KeyUntested(VENDORS[vendor].label) from error


def _clean(vendor: str, typed: str) -> str:
    """Return the key that was typed.

    Raises:
        KeyInvalid: It cannot be one of that vendor.
    """
    text, label = typed.strip(), VENDORS[vendor].label
    if any(not "!" <= each <= "~" for each in text):
        raise KeyInvalid(label, KeyProblem.SPACES)
    if not _MIN_LENGTH <= len(text) <= _MAX_LENGTH:
        raise KeyInvalid(label, KeyProblem.SHORT)
    # The longest beginning says whose it is: that of one vendor begins with another's.
    known = sorted(VENDORS.values(), key=lambda each: len(each.key_prefix), reverse=True)
    owner = next(each for each in known if text.startswith(each.key_prefix))
    if owner.name != vendor and owner.key_prefix and vendor != CUSTOM:
        raise KeyInvalid(label, KeyProblem.OTHER_VENDOR, owner.label)
    return text


def _of(user: User, vendor: str, guild_id: int | None) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the key of a vendor: a user's, or a server's."""
    whose = (
        (ApiKey.guild_id.is_(None), ApiKey.owner_id == user.id)
        if guild_id is None
        else (ApiKey.guild_id == guild_id,)
    )
    return (*whose, ApiKey.vendor == vendor)
