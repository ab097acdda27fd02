"""What Discord refuses, by its error codes, and what people are told.

The codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json. What is tried
instead (another webhook, another name, a reopened thread) is in `bot.discord.webhooks`.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
import discord

from services.chat import (
    ChannelNotFound,
    DiscordBusy,
    DiscordUnavailable,
    MessageRefused,
    MissingPermission,
    Refusal,
)
from services.errors import DomainError

UNKNOWN_MESSAGE, UNKNOWN_EMOJI = 10008, 10014
UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN = 10015, 50027
INVALID_FORM, THREAD_ARCHIVED = 50035, 50083
TOO_MANY_WEBHOOKS, THREAD_EXISTS = 30007, 160004
DEAD_WEBHOOK = frozenset({UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN})

_REFUSALS: Mapping[int, Refusal] = {
    20009: Refusal.EXPLICIT,
    20024: Refusal.AGE,
    40005: Refusal.TOO_LARGE,
    40067: Refusal.TAG,
    50006: Refusal.EMPTY,
    THREAD_ARCHIVED: Refusal.ARCHIVED,
    160005: Refusal.LOCKED,
    160006: Refusal.TOO_MANY_THREADS,
    200000: Refusal.AUTOMOD,
    200001: Refusal.AUTOMOD,
    240000: Refusal.LINKS,
}
_PERMISSIONS: Mapping[int, str] = {
    50001: "View Channel",
    50008: "Send Messages",
    50013: "Send Messages",
    50068: "Manage Webhooks",
    TOO_MANY_WEBHOOKS: "Manage Webhooks",
}
# Slow mode, limits of writes, "the resource is overloaded".
_BUSY = frozenset({20016, 20022, 20028, 20029, 40004, 130000, 430000})


def translate(error: BaseException) -> DomainError | None:
    """Return what an error of Discord or of a connection means, or None if it is another one."""
    if isinstance(error, discord.RateLimited):
        return DiscordBusy(error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _translate_response(error)
    return DiscordUnavailable() if isinstance(error, aiohttp.ClientError) else None


def _translate_response(error: discord.HTTPException) -> DomainError:
    if error.code in _BUSY or error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return DiscordBusy()
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return DiscordUnavailable()
    if reason := Refusal.NAME if is_name_refused(error) else _REFUSALS.get(error.code):
        return MessageRefused(reason)
    if error.code in _PERMISSIONS or isinstance(error, discord.Forbidden):
        return MissingPermission(_PERMISSIONS.get(error.code, "Send Messages"))
    if isinstance(error, discord.NotFound):
        return ChannelNotFound()
    return MessageRefused(Refusal.OTHER)


def is_name_refused(error: discord.HTTPException) -> bool:
    """Whether Discord refuses the name that a webhook should speak under."""
    return error.code == INVALID_FORM and "username" in error.text.casefold()


@asynccontextmanager
async def translate_errors() -> AsyncGenerator[None]:
    """Translate errors of discord.py and of the connection into domain errors.

    Raises:
        ChannelNotFound, MissingPermission: Discord answered with 404, or 403.
        DiscordBusy, DiscordUnavailable: It limits us, or does not answer.
        MessageRefused: It does not accept what was sent.
    """
    try:
        yield
    except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError) as error:
        raise translate(error) or DiscordUnavailable() from error
