"""Errors of LLM configs."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class ConfigNotFound(DomainError):
    """There is no such config among the global ones and the user's own."""

    name: str


@dataclass(eq=False)
class ConfigNameTaken(DomainError):
    """The owner, or the bot, already has a config of this name."""

    name: str


@dataclass(eq=False)
class OutOfRange(DomainError):
    """A parameter is not within its bounds."""

    parameter: str
    low: float
    high: float


@dataclass(eq=False)
class UnknownParameter(DomainError):
    """There is no parameter of this name."""

    parameter: str
    known: str


@dataclass(eq=False)
class ModelNotAllowed(DomainError):
    """Users may not choose this model; `allowed` are those that they may."""

    model: str
    allowed: tuple[str, ...] = ()


class NoModelAllowed(DomainError):
    """Users may choose no model at all."""


@dataclass(eq=False)
class ModelUnpriced(DomainError):
    """Nobody knows the price of this model, so no budget could count it."""

    model: str


@dataclass(eq=False)
class ModelLimitOutOfRange(DomainError):
    """A limit of a model is not within its bounds."""

    limit: str
    low: int
    high: int


@dataclass(eq=False)
class EffortUnknown(DomainError):
    """There is no such reasoning effort."""

    effort: str
    known: tuple[str, ...]


@dataclass(eq=False)
class DefaultConfigInUse(DomainError):
    """The global default cannot be deleted before another one is the default."""

    name: str


class NoConfig(DomainError):
    """No LLM config is selected and there is no global default."""


@dataclass(eq=False)
class NoVisionModel(DomainError):
    """No vision model is configured, so photos cannot be described."""
