"""Errors of the web."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class PageUnreadable(DomainError):
    """A page is not there, not public, or no text."""

    url: str
