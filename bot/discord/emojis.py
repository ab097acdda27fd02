"""Faces as emoji of the application, whose addresses are public and do not expire."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import aiohttp
import discord
from typing_extensions import override

from services.faces import EMOJI_PREFIX, FaceHost, FaceHostFull, HostedFace, NoFaceHost

log = logging.getLogger(__name__)

# What is younger may not be stored as a face yet.
_MIN_AGE = timedelta(hours=1)
_TOO_MANY = 30008  # Discord's code: the application has 2,000 emoji


class ApplicationEmojis(FaceHost):
    """Publishes faces as emoji of the bot's application."""

    def __init__(self, bot: discord.Client) -> None:
        self._bot = bot

    @override
    async def publish(self, name: str, picture: bytes) -> HostedFace:
        try:
            emoji = await self._bot.create_application_emoji(name=name, image=picture)
        except discord.HTTPException as error:
            if error.code == _TOO_MANY:
                raise FaceHostFull from error
            log.warning("A face cannot be published: %s", error)
            raise NoFaceHost from error
        except (aiohttp.ClientError, OSError, discord.MissingApplicationID) as error:
            raise NoFaceHost from error
        return HostedFace(url=f"{emoji.url}?size=128", emoji_id=emoji.id)

    @override
    async def list_all(self) -> Sequence[int]:
        try:
            emojis = await self._bot.fetch_application_emojis()
        except (
            discord.HTTPException,
            discord.MissingApplicationID,
            aiohttp.ClientError,
            OSError,
        ) as error:
            raise NoFaceHost from error
        old = discord.utils.utcnow() - _MIN_AGE
        return [
            each.id
            for each in emojis
            if each.name.startswith(EMOJI_PREFIX) and each.created_at < old
        ]

    @override
    async def remove(self, emoji_id: int) -> None:
        with suppress(discord.HTTPException, aiohttp.ClientError, OSError):
            emoji = await self._bot.fetch_application_emoji(emoji_id)
            await emoji.delete()
