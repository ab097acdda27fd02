"""Members that proxy bots such as PluralKit speak for.

A proxy bot posts through one webhook of a channel for all of its members, whoever's they are, so
the author id of such a message says nothing. A member is told apart by name and face, and by the
account behind it: the original message, which the proxy bot deletes within about a second, comes
first and has the same words.
"""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import discord

_MAX_AGE = timedelta(seconds=20)
_MAX_ORIGINALS = 20
_ID_BITS = 62


@dataclass(frozen=True)
class _Original:
    account_id: int
    content: str
    created_at: datetime


@dataclass
class Proxies:
    """The proxy bots that are trusted, and what people have written lately, by channel."""

    application_ids: frozenset[int] = frozenset()
    _originals: dict[int, deque[_Original]] = field(default_factory=dict[int, deque[_Original]])

    def has(self, message: discord.Message) -> bool:
        """Whether a message is a proxied one."""
        return message.webhook_id is not None and message.application_id in self.application_ids

    def remember(self, message: discord.Message) -> None:
        """Remember an ordinary message, which may be proxied in a moment."""
        if not self.application_ids:
            return
        originals = self._originals.setdefault(message.channel.id, deque(maxlen=_MAX_ORIGINALS))
        originals.append(_Original(message.author.id, message.content, message.created_at))

    def account_of(self, message: discord.Message) -> int | None:
        """Return the account behind a proxied message, or None if it is unknown or not certain."""
        accounts = {
            each.account_id
            for each in self._originals.get(message.channel.id, ())
            if timedelta(0) <= message.created_at - each.created_at <= _MAX_AGE
            and message.content in each.content
        }
        return accounts.pop() if len(accounts) == 1 else None


def member_id(message: discord.Message, account_id: int | None) -> int:
    """Return the id of the member who speaks in a proxied message: negative, unlike Discord's.

    Without a known account, members with the same name and face in one server are one.
    """
    face = message.author.avatar.key if message.author.avatar else ""
    guild_id = message.guild.id if message.guild else 0
    owner = f"account {account_id}" if account_id else f"guild {guild_id} face {face}"
    identity = f"{message.application_id}\n{owner}\n{message.author.name}"
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).digest()
    return -1 - (int.from_bytes(digest[:8], "big") >> (64 - _ID_BITS))
