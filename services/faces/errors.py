"""Errors of faces."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class NoFaceHost(DomainError):
    """Nothing makes a face reachable for Discord: no public address, and no emoji is left."""


@dataclass(eq=False)
class NoCardFace(DomainError):
    """The card of a personality has no picture of it."""

    name: str


@dataclass(eq=False)
class FaceHostFull(DomainError):
    """The host takes no more faces before one is removed."""


@dataclass(eq=False)
class FaceRefused(DomainError):
    """A vision model saw somebody who looks under 18 in a sexual picture."""


@dataclass(eq=False)
class ExpressionNotFound(DomainError):
    """A personality has no expression of this name."""

    name: str


@dataclass(eq=False)
class ExpressionNameReserved(DomainError):
    """The name is that of another picture."""

    name: str


@dataclass(eq=False)
class TooManyExpressions(DomainError):
    """A personality has as many expressions as it may have."""

    limit: int


@dataclass(eq=False)
class NoPicture(DomainError):
    """An expression was named, and no picture given."""
