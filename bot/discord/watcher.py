"""Showing how far pictures are, in the answer to the command that asked for them."""

import asyncio
import io
import logging
from datetime import UTC, datetime
from typing import Any

import aiohttp
import discord
from discord.http import Route, handle_message_parameters
from typing_extensions import override

from bot.discord.embeds.characters import progress_embed
from bot.discord.herald import REPLY, UNREACHABLE
from services.characters import Progress, ProgressNotDelivered, ProgressNotifier
from services.media import contact_sheet

log = logging.getLogger(__name__)


class DiscordWatcher(ProgressNotifier):
    """Changes an answer through Discord's REST interface alone; no gateway is needed."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    @override
    async def show(self, reply: dict[str, Any], progress: Progress) -> None:
        if datetime.fromisoformat(reply["until"]) < datetime.now(UTC):
            return
        embed = progress_embed(progress)
        files: list[discord.File] = []
        if progress.thumbnails:
            drawn = await asyncio.to_thread(contact_sheet, progress.thumbnails)
            files.append(discord.File(io.BytesIO(drawn), "pictures.png"))
            embed.set_image(url="attachment://pictures.png")
        route = Route("PATCH", REPLY, application_id=reply["application_id"], token=reply["token"])
        with handle_message_parameters(
            content=None, embed=embed, attachments=files, view=None
        ) as made:
            try:
                await self._client.http.request(
                    route, json=made.payload, files=made.files, form=made.multipart
                )
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                if not isinstance(error, discord.HTTPException) or error.status not in UNREACHABLE:
                    raise ProgressNotDelivered from error
                # The gallery has it all.
                log.info("An answer can be changed no longer: %s", error)
