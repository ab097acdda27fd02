"""Telling people what became of what they asked for: a changed answer, or a DM."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
from discord.http import Route
from typing_extensions import override

from bot.discord.client import Interaction
from bot.discord.embeds.publishing import ended_words
from services.publishing import PublishNotifier, PublishResult

log = logging.getLogger(__name__)

# Discord keeps an interaction's token for fifteen minutes.
_LIFE = timedelta(minutes=14, seconds=30)
# The token ran out, the answer was dismissed, or the channel is closed to us.
UNREACHABLE = (401, 403, 404)
REPLY = "/webhooks/{application_id}/{token}/messages/@original"


def address_of(interaction: Interaction) -> dict[str, Any]:
    """Return where the answer to an interaction can be changed, by any process, for a while."""
    return {
        "application_id": str(interaction.application_id),
        "token": interaction.token,
        "until": (datetime.now(UTC) + _LIFE).isoformat(),
    }


class DiscordHerald(PublishNotifier):
    """Speaks through Discord's REST interface alone; no gateway is needed."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    @override
    async def edit_reply(self, address: dict[str, Any], result: PublishResult) -> bool:
        if datetime.fromisoformat(address["until"]) < datetime.now(UTC):
            return False
        route = Route(
            "PATCH", REPLY, application_id=address["application_id"], token=address["token"]
        )
        try:
            await self._client.http.request(route, json={"content": ended_words(result)})
        except discord.HTTPException as error:
            if error.status not in UNREACHABLE:
                raise
            log.info("An answer can be changed no longer: %s", error)
            return False
        return True

    @override
    async def send_dm(self, discord_id: int, result: PublishResult) -> bool:
        try:
            user = await self._client.fetch_user(discord_id)
            await user.send(ended_words(result))
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("%s takes no DMs: %s", discord_id, error)
            return False
        return True
