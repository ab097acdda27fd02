"""Voice messages and spoken answers on Discord.

discord.py has no way to send a voice message yet, so that goes through its HTTP layer, which keeps
its rate limits: https://docs.discord.com/developers/resources/message#voice-messages.
"""

import base64
import io
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import discord
from discord.http import MultipartParameters
from typing_extensions import override

from bot.discord.automod import AutoMod
from bot.discord.refusals import translate_errors
from bot.discord.webhooks import Webhooks, resolve_channel
from services.chat import MessageRefused, MissingPermission
from services.speech import Speech
from services.texts import on_one_line, shorten
from services.types import Attachment, IncomingMessage
from services.voice import VoiceAdapter

log = logging.getLogger(__name__)

_VOICE_FLAG = discord.MessageFlags(voice=True).value
_VOICE_FILE = "voice-message.ogg"
_MAX_QUOTE = 1800
_MAX_QUOTES = 5000
_UNSUITABLE = re.compile(r"[^\w-]+")


class _Read(Protocol):
    def __call__(self, attachment: Attachment, *, max_bytes: int) -> Awaitable[bytes | None]: ...


class DiscordVoiceAdapter(VoiceAdapter):
    """Quotes voice messages, and adds speech to answers."""

    def __init__(
        self, bot: discord.Client, webhooks: Webhooks, automod: AutoMod, *, read: _Read
    ) -> None:
        self._bot = bot
        self._webhooks = webhooks
        self._automod = automod
        self._read = read
        # By the voice message: its channel, and the messages that quote it.
        self._quotes: OrderedDict[int, list[tuple[int, int]]] = OrderedDict()

    @override
    async def read(self, attachment: Attachment, *, max_bytes: int) -> bytes | None:
        return await self._read(attachment, max_bytes=max_bytes)

    @override
    async def quote(self, message: IncomingMessage, text: str) -> None:
        words = discord.utils.escape_markdown(shorten(on_one_line(text), _MAX_QUOTE))
        channel_id = message.channel.channel_id
        async with translate_errors():
            messageable = await resolve_channel(self._bot, channel_id)
            await self._automod.check(messageable, words)
            sent = await messageable.send(
                f"> {words}"[:2000],
                reference=discord.MessageReference(
                    message_id=message.message_id, channel_id=channel_id, fail_if_not_exists=False
                ),
                silent=True,
            )
        self._quotes.setdefault(message.message_id, []).append((channel_id, sent.id))
        while len(self._quotes) > _MAX_QUOTES:
            self._quotes.popitem(last=False)

    @override
    async def remove_quotes(self, message_ids: Sequence[int]) -> None:
        for message_id in message_ids:
            for channel_id, quote_id in self._quotes.pop(message_id, ()):
                async with translate_errors():
                    messageable = await resolve_channel(self._bot, channel_id)
                    with suppress(discord.NotFound):
                        await messageable.get_partial_message(quote_id).delete()

    @override
    async def attach(
        self, channel_id: int, message_ids: Sequence[int], speech: Speech, *, name: str
    ) -> None:
        def file() -> discord.File:
            return speech_file(speech, name)

        async with translate_errors():
            messageable = await resolve_channel(self._bot, channel_id)
            is_dm = isinstance(messageable, discord.DMChannel)
            if not is_dm and await self._webhooks.are_allowed(messageable):
                try:
                    await self._webhooks.attach(messageable, message_ids[-1], file)
                except discord.NotFound:
                    log.debug("Message %s is none of a webhook", message_ids[-1])
                else:
                    return
            # A message of the bot itself.
            await messageable.get_partial_message(message_ids[-1]).edit(attachments=[file()])

    @override
    async def delete(self, channel_id: int, message_id: int) -> None:
        async with translate_errors():
            messageable = await resolve_channel(self._bot, channel_id)
            with suppress(discord.NotFound):
                await messageable.get_partial_message(message_id).delete()

    @override
    async def send_voice_message(
        self,
        channel_id: int,
        message_ids: Sequence[int],
        speech: Speech,
        *,
        name: str,
        nonce: str,
    ) -> int | None:
        if speech.waveform is not None and speech.seconds is not None:
            try:
                async with translate_errors():
                    return await self._send_voice_message(
                        channel_id, message_ids[-1], speech, nonce
                    )
            except (MissingPermission, MessageRefused) as error:
                log.info("No voice message in channel %s: %r", channel_id, error)
        await self.attach(channel_id, message_ids, speech, name=name)
        return None

    async def _send_voice_message(
        self, channel_id: int, answered_id: int, speech: Speech, nonce: str
    ) -> int:
        file = discord.File(io.BytesIO(speech.data), _VOICE_FILE)
        payload: dict[str, Any] = {
            "flags": _VOICE_FLAG,
            "nonce": nonce,
            "enforce_nonce": True,
            "attachments": [
                {
                    "id": 0,
                    "filename": _VOICE_FILE,
                    "duration_secs": speech.seconds,
                    "waveform": base64.b64encode(speech.waveform or b"").decode(),
                }
            ],
            "message_reference": {"message_id": str(answered_id), "fail_if_not_exists": False},
            "allowed_mentions": {"parse": []},
        }
        # The part has to be of an audio type, which a `discord.File` alone does not give it.
        form: list[dict[str, Any]] = [
            {"name": "payload_json", "value": json.dumps(payload)},
            {
                "name": "files[0]",
                "value": file.fp,
                "filename": _VOICE_FILE,
                "content_type": speech.media_type,
            },
        ]
        with MultipartParameters(payload=None, multipart=form, files=[file]) as parameters:
            sent = await self._bot.http.send_message(channel_id, params=parameters)
        return int(sent["id"])


def speech_file(speech: Speech, name: str) -> discord.File:
    """Return speech as a file with the name of who speaks."""
    stem = _UNSUITABLE.sub("-", name).strip("-")[:60] or "voice"
    return discord.File(io.BytesIO(speech.data), f"{stem}.{speech.suffix}")
