"""Errors of calls to models, independent of the vendor."""

from dataclasses import dataclass
from enum import StrEnum

from services.errors import DomainError, TransientError
from services.llm.types import Usage


class ModelError(DomainError):
    """A call to a language model failed.

    `usage` is what the vendor says the call used; None if it did not answer. `detail` is what the
    vendor says, which may name accounts and keys: it is for the operator alone. `is_uncharged` is
    set if the vendor surely charges nothing, although it failed.
    """

    usage: Usage | None = None
    detail: str = ""
    is_uncharged: bool = False


class ModelProblem(StrEnum):
    """Why a vendor or a setting does not allow a call, whoever makes it."""

    NO_CREDIT = "no credit"
    KEY_REFUSED = "key refused"
    NOT_FOUND = "not found"
    REQUEST_REFUSED = "request refused"
    NO_SUCH_VENDOR = "no such vendor"
    FILE_UNREADABLE = "file unreadable"


@dataclass(eq=False)
class ModelUnavailable(ModelError, TransientError):
    """The vendor could not be reached, failed, or timed out."""

    model: str


@dataclass(eq=False)
class ModelOverloaded(ModelUnavailable):
    """There was no connection, or only a server error: the request was not processed."""


@dataclass(eq=False)
class ModelRateLimited(ModelError, TransientError):
    """The vendor rate-limited us; `retry_after` is in seconds, if it was given."""

    model: str
    retry_after: float | None = None


@dataclass(eq=False)
class ModelRefused(ModelError):
    """The model, or its vendor's filter, declined to answer."""

    model: str


@dataclass(eq=False)
class ModelMisconfigured(ModelError):
    """The key, the name of the model or a parameter is wrong; retrying cannot help.

    `vendors` are the ones that are configured, if the model has another.
    """

    model: str
    problem: ModelProblem
    vendors: tuple[str, ...] = ()


@dataclass(eq=False)
class ContextTooLong(ModelError):
    """The prompt exceeds the context of the model."""

    model: str


@dataclass(eq=False)
class ReasoningOnly(ModelError):
    """The model used all of its tokens on reasoning, and said nothing."""

    model: str


@dataclass(eq=False)
class MalformedAnswer(ModelError, TransientError):
    """The answer does not match the requested schema."""

    model: str
