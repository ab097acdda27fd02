"""What a voice message is on the wire, which the simulated Discord does not store."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from aiohttp import BodyPartReader, web
from aiohttp.test_utils import TestServer
from discord.http import Route

from bot.discord.automod import AutoMod
from bot.discord.message_parts import to_attachment
from bot.discord.voice import DiscordVoiceAdapter
from bot.discord.webhooks import Webhooks
from services.speech import Speech
from services.types import Attachment

SPEECH = Speech(
    data=b"OggS", suffix="ogg", media_type="audio/ogg", seconds=3.25, waveform=bytes(range(33))
)
MESSAGE: dict[str, Any] = {
    "id": "9", "channel_id": "2", "content": "", "timestamp": "2026-01-01T00:00:00+00:00",
    "author": {"id": "3", "username": "b", "discriminator": "0", "avatar": None},
    "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [],
    "mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "type": 0,
}  # fmt: skip


async def nothing(attachment: Attachment, *, max_bytes: int) -> bytes | None:
    return None


@pytest.fixture
async def sent(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[list[dict[str, Any]]]:
    """The parts of each message that Discord was sent."""
    messages: list[dict[str, Any]] = []

    async def create(request: web.Request) -> web.Response:
        parts: dict[str, Any] = {}
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            data = bytes(await part.read())
            parts[part.name or ""] = (part.filename, part.headers.get("Content-Type"), data)
        messages.append(parts)
        body, kind = json.dumps(MESSAGE).encode(), {"Content-Type": "application/json"}
        return web.Response(body=body, headers=kind)

    app = web.Application()
    app.router.add_post("/channels/{channel}/messages", create)
    async with TestServer(app, host="127.0.0.1") as server:
        monkeypatch.setattr(Route, "BASE", str(server.make_url("/")).rstrip("/"))
        yield messages


async def test_a_voice_message_has_what_discord_asks_for(sent: list[dict[str, Any]]) -> None:
    async with aiohttp.ClientSession() as session:
        client = discord.Client(intents=discord.Intents.none())
        http: Any = client.http
        is_free = asyncio.Event()
        is_free.set()
        # As logging in would set them.
        for name, value in (
            ("_HTTPClient__session", session),
            ("token", "token"),
            ("_global_over", is_free),
        ):
            setattr(http, name, value)
        adapter = DiscordVoiceAdapter(client, Webhooks(client), AutoMod(client), read=nothing)

        message_id = await adapter.send_voice_message(2, [7, 8], SPEECH, name="Mirela", nonce="n")

    assert message_id == 9
    (parts,) = sent
    assert parts["files[0]"] == ("voice-message.ogg", "audio/ogg", b"OggS")
    payload = json.loads(parts["payload_json"][2])
    assert payload["flags"] == 1 << 13
    assert (payload["nonce"], payload["enforce_nonce"]) == ("n", True)
    assert payload["attachments"] == [
        {
            "id": 0,
            "filename": "voice-message.ogg",
            "duration_secs": 3.25,
            "waveform": base64.b64encode(bytes(range(33))).decode(),
        }
    ]
    assert payload["message_reference"] == {"message_id": "8", "fail_if_not_exists": False}
    assert not {"content", "embeds"} & set(payload)


def test_the_length_of_a_voice_message_is_known() -> None:
    data: Any = {
        "id": "1", "filename": "voice-message.ogg", "size": 4, "url": "https://cdn/x",
        "proxy_url": "https://cdn/x", "content_type": "audio/ogg", "duration_secs": 3.2,
        "waveform": "AAEC",
    }  # fmt: skip
    state: Any = SimpleNamespace(http=None)

    attachment = to_attachment(discord.Attachment(data=data, state=state))

    assert attachment.seconds == 3.2
    assert attachment.describe() == "a voice message of 3 seconds"
