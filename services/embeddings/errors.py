"""Errors of embedders."""

from dataclasses import dataclass

from services.errors import DomainError, TransientError


@dataclass(eq=False)
class EmbedderUnavailable(TransientError):
    """The embedder does not answer."""

    name: str


@dataclass(eq=False)
class EmbedderFailed(DomainError):
    """The embedder cannot embed this input."""

    name: str
    detail: str


@dataclass(eq=False)
class EmbedderMisconfigured(DomainError):
    """The embedder rejects the key, or the URL is not an embedder; a retry cannot help."""

    name: str
    detail: str
