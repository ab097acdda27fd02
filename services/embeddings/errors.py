"""What can go wrong with vectors."""

from dataclasses import dataclass

from services.errors import DomainError, TransientError


@dataclass(eq=False)
class EmbedderUnavailable(TransientError):
    """The embedder is not answering."""

    name: str


@dataclass(eq=False)
class EmbedderFailed(DomainError):
    """The embedder cannot say anything of this."""

    name: str
    detail: str


@dataclass(eq=False)
class EmbedderMisconfigured(DomainError):
    """The embedder refuses our key, or is none; trying again cannot help."""

    name: str
    detail: str
