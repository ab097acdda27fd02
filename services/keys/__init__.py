"""Keys of one's own: whoever brings one pays with it, and nobody is shown it again."""

from db.models import ApiKey
from services.keys.errors import (
    AddressNotAllowed,
    KeyBudgetInvalid,
    KeyInvalid,
    KeyNotAccepted,
    KeyNotFound,
    KeyProblem,
    KeysLocked,
    KeyUntested,
    NoSuchKeyVendor,
    SecretWrong,
)
from services.keys.ring import KeyRefusedNotice, KeyRing
from services.keys.service import ANY_HOST, KeyInput, KeyService, ListedKey
from services.keys.vault import (
    MIN_SECRET_LENGTH,
    Vault,
    adopt_secret,
    forget_all,
    propose_secret,
    proposed_secret,
    read_secret,
)

__all__ = [
    "ANY_HOST",
    "MIN_SECRET_LENGTH",
    "AddressNotAllowed",
    "ApiKey",
    "KeyBudgetInvalid",
    "KeyInput",
    "KeyInvalid",
    "KeyNotAccepted",
    "KeyNotFound",
    "KeyProblem",
    "KeyRefusedNotice",
    "KeyRing",
    "KeyService",
    "KeyUntested",
    "KeysLocked",
    "ListedKey",
    "NoSuchKeyVendor",
    "SecretWrong",
    "Vault",
    "adopt_secret",
    "forget_all",
    "propose_secret",
    "proposed_secret",
    "read_secret",
]
