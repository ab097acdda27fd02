"""Errors of keys that users bring."""

from dataclasses import dataclass
from enum import StrEnum

from services.errors import DomainError


class KeyProblem(StrEnum):
    """Why a text cannot be the key of a vendor."""

    SPACES = "spaces"
    SHORT = "short"
    OTHER_VENDOR = "other vendor"


@dataclass(eq=False)
class KeyInvalid(DomainError):
    """A text cannot be a key of the vendor; `looks_like` is the vendor whose keys look so."""

    vendor: str
    problem: KeyProblem
    looks_like: str | None = None


@dataclass(eq=False)
class KeyNotAccepted(DomainError):
    """The vendor does not accept the key."""

    vendor: str


@dataclass(eq=False)
class KeyUntested(DomainError):
    """The vendor, or the address, does not answer, so nobody knows whether the key is valid."""

    vendor: str


@dataclass(eq=False)
class KeyNotFound(DomainError):
    """There is no such key."""

    vendor: str


class NoSuchKeyVendor(DomainError):
    """Users bring no keys of such a vendor."""


@dataclass(eq=False)
class AddressNotAllowed(DomainError):
    """The operator does not allow keys of this address; `hosts` are those that are allowed."""

    host: str
    hosts: tuple[str, ...]


class KeyBudgetInvalid(DomainError):
    """The budget of a server's key is no amount of dollars that anybody means."""


class KeysLocked(DomainError):
    """This process has another secret than the one that keys are stored with."""


class SecretWrong(Exception):
    """The secret does not open the stored keys. The message says what to do."""
