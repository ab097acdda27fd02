"""Errors of pictures on request, beyond those of image models."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class NoFaceToDraw(DomainError):
    """A personality has no face, or one that is only for adults."""

    name: str


class NoPicturesIncognito(DomainError):
    """Of somebody who is incognito nothing is stored, so that no picture can follow."""


class PicturesForbidden(DomainError):
    """Moderators do not let personalities send pictures in this server."""
