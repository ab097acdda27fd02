"""What can go wrong in a conversation."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class NoUsableReply(DomainError):
    """The model answered with nothing, an echo or a repetition, however often it was asked."""

    name: str


@dataclass(eq=False)
class AgeRestricted(DomainError):
    """The personality speaks only in age-restricted channels."""

    name: str


class ChannelNotFound(DomainError):
    """The channel, thread or message is no longer there."""


@dataclass(eq=False)
class MissingPermission(DomainError):
    """The bot lacks a permission in this channel."""

    permission: str


class AnswerNotFound(DomainError):
    """The message is no answer of a personality, or was deleted."""


class NotYourAnswer(DomainError):
    """Only whom a message answers, or a moderator, may change it."""


@dataclass(eq=False)
class NotActivated(DomainError):
    """The personality is not activated in this channel."""

    name: str


class NoPersonalityHere(DomainError):
    """The bot was spoken to, but no personality is there to answer."""


class OptedOut(DomainError):
    """The person has asked never to be heard, and now speaks to a personality."""
