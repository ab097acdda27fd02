"""The keyword rules of servers' AutoMod, which Discord does not apply to bots."""

import logging
import time
from collections.abc import Sequence
from typing import Any

import aiohttp
import discord
from discord.ext import commands

from services.chat import MessageRefused, Refusal
from services.keywords import KeywordRule, find_blocked

log = logging.getLogger(__name__)

# Changes are heard of at once; this is for those that were missed.
_MAX_AGE_SECONDS, _RETRY_SECONDS = 600, 60
_EVENTS = ("on_automod_rule_create", "on_automod_rule_update", "on_automod_rule_delete")


class AutoMod:
    """Knows the keyword rules of servers where the bot has Manage Server."""

    def __init__(self, bot: discord.Client) -> None:
        # When the rules of a server are read again, and what they are.
        self._rules: dict[int, tuple[float, Sequence[discord.AutoModRule]]] = {}
        if isinstance(bot, commands.Bot | commands.AutoShardedBot):
            for event in _EVENTS:
                bot.add_listener(self._forget, event)

    async def check(self, channel: Any, text: str) -> None:
        """Check that a text may be said in a channel, as if a member said it.

        Raises:
            MessageRefused: A keyword rule of the server blocks it.
        """
        if await self.is_blocked(channel, text):
            raise MessageRefused(Refusal.AUTOMOD)

    async def is_blocked(self, channel: Any, text: str) -> bool:
        """Whether a keyword rule of the server blocks a text in a channel."""
        guild: discord.Guild | None = getattr(channel, "guild", None)
        if guild is None:
            return False
        if not self.can_read(guild):
            return False
        rules = await self._load(guild)
        parent = getattr(channel, "parent", None) or channel
        places = {channel.id, parent.id, getattr(parent, "category_id", None)}
        applied = [_to_rule(rule) for rule in rules if not rule.exempt_channel_ids & places]
        found = await find_blocked(applied, text)
        if found is not None:
            log.info("AutoMod of server %s blocks what a personality would say", guild.id)
        return found is not None

    def can_read(self, guild: discord.Guild) -> bool:
        """Whether the bot may read the keyword rules of a server."""
        return guild.me.guild_permissions.manage_guild

    async def _load(self, guild: discord.Guild) -> Sequence[discord.AutoModRule]:
        """Return the keyword rules of a server that block messages; the last known in an outage."""
        expires_at, rules = self._rules.get(guild.id, (float("-inf"), ()))
        if time.monotonic() < expires_at:
            return rules
        seconds = _MAX_AGE_SECONDS
        try:
            fetched = await guild.fetch_automod_rules()
            rules = [rule for rule in fetched if _blocks_keywords(rule)]
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("AutoMod of server %s cannot be read now: %s", guild.id, error)
            seconds = _RETRY_SECONDS
        self._rules[guild.id] = (time.monotonic() + seconds, rules)
        return rules

    async def _forget(self, rule: discord.AutoModRule) -> None:
        self._rules.pop(rule.guild.id, None)


def _blocks_keywords(rule: discord.AutoModRule) -> bool:
    return (
        rule.enabled
        and rule.trigger.type is discord.AutoModRuleTriggerType.keyword
        and any(
            action.type is discord.AutoModRuleActionType.block_message for action in rule.actions
        )
    )


def _to_rule(rule: discord.AutoModRule) -> KeywordRule:
    trigger = rule.trigger
    return KeywordRule(
        keywords=trigger.keyword_filter, patterns=trigger.regex_patterns, allowed=trigger.allow_list
    )
