"""How asking a model can fail, whoever the vendor is."""

from dataclasses import dataclass

from services.errors import DomainError, TransientError


class ModelError(DomainError):
    """A language model did not answer as it should."""


@dataclass(eq=False)
class ModelUnavailable(ModelError, TransientError):
    """The vendor could not be reached, broke, or took too long."""

    model: str


@dataclass(eq=False)
class ModelOverloaded(ModelUnavailable):
    """The vendor has answered that it could not, so nothing was done."""


@dataclass(eq=False)
class ModelRateLimited(ModelError, TransientError):
    """The vendor wants us to wait, for so many seconds if it said."""

    model: str
    retry_after: float | None = None


@dataclass(eq=False)
class ModelRefused(ModelError):
    """The model, or its vendor's filter, declined to answer."""

    model: str


@dataclass(eq=False)
class ModelMisconfigured(ModelError):
    """The key, the name of the model or a parameter is wrong; trying again cannot help.

    `detail` is the vendor's or our own sentence about it, for whoever runs the bot.
    """

    model: str
    detail: str


@dataclass(eq=False)
class ContextTooLong(ModelError):
    """The prompt is longer than the model can read."""

    model: str


@dataclass(eq=False)
class MalformedAnswer(ModelError, TransientError):
    """The answer could not be read as what was asked for."""

    model: str
