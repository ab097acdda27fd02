"""Errors of conversations."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class NoUsableReply(DomainError):
    """Every attempt of the model was empty, an echo, a repetition or a leak of the prompt."""

    name: str


@dataclass(eq=False)
class AgeRestricted(DomainError):
    """The personality speaks only in age-restricted channels."""

    name: str


class ChannelNotFound(DomainError):
    """The channel, thread or message no longer exists."""


@dataclass(eq=False)
class MissingPermission(DomainError):
    """The bot lacks a permission in this channel."""

    permission: str


class AnswerNotFound(DomainError):
    """The message is not an answer of a personality, or was deleted."""


class NotYourAnswer(DomainError):
    """Only the person who was answered, or a moderator, may change an answer."""


@dataclass(eq=False)
class NotActivated(DomainError):
    """The personality is not activated in this channel."""

    name: str


class NoPersonalityHere(DomainError):
    """The bot was addressed, but no personality is available to answer."""


class OptedOut(DomainError):
    """The person has opted out, but now talks to a personality."""
