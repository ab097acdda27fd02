"""Errors of calls to models, independent of the vendor."""

from dataclasses import dataclass

from services.errors import DomainError, TransientError


class ModelError(DomainError):
    """A call to a language model failed."""


@dataclass(eq=False)
class ModelUnavailable(ModelError, TransientError):
    """The vendor could not be reached, failed, or timed out."""

    model: str


@dataclass(eq=False)
class ModelOverloaded(ModelUnavailable):
    """The vendor answered with a server error, so the request was not processed."""


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

    `detail` is the vendor's or our own explanation, for the operator.
    """

    model: str
    detail: str


@dataclass(eq=False)
class ContextTooLong(ModelError):
    """The prompt exceeds the context of the model."""

    model: str


@dataclass(eq=False)
class MalformedAnswer(ModelError, TransientError):
    """The answer does not match the requested schema."""

    model: str
