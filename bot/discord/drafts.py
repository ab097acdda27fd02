"""Answers that are shown while they are written."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.discord.automod import AutoMod
from bot.discord.buttons.answers import has_stop_button
from bot.discord.refusals import DEAD_WEBHOOK, translate_errors
from bot.discord.webhooks import Webhooks
from services.chat import Draft
from services.errors import TransientError
from services.types import Speaker

# Seconds between attempts to show the whole answer, whose beginning stands there already.
_FINAL_ATTEMPTS = (1.0, 3.0, 9.0)
# How many messages after a question its answer is looked for.
_MAX_DISTANCE = 100


async def find_drafts(messageable: Any, line_id: UUID, *, after: int) -> set[int]:
    """Return messages that show the beginning of an answer, after the one that it answers.

    A process may have ended after Discord took one, and before it was stored.
    """
    history = messageable.history(after=discord.Object(after), limit=_MAX_DISTANCE)
    return {each.id async for each in history if has_stop_button(each, line_id)}


@dataclass
class _Message:
    id: int
    text: str
    has_button: bool


class DiscordDraft(Draft):
    """A draft in messages: a webhook's in servers, the bot's own in DMs."""

    def __init__(
        self,
        messageable: Any,
        webhooks: Webhooks | None,
        automod: AutoMod,
        *,
        split: Callable[[Speaker, str], list[str]],
        stop_view: ui.View,
        answer_view: ui.View,
    ) -> None:
        self.speaker = Speaker(name="")
        self.message_ids: list[int] = []
        self._messageable = messageable
        self._webhooks = webhooks
        self._automod = automod
        self._split = split
        self._stop_view = stop_view
        self._answer_view = answer_view
        self._messages: list[_Message] = []

    @override
    async def show(self, text: str) -> None:
        async with translate_errors():
            await self._write(text, self._stop_view, is_final=False)

    @override
    async def finish(self, text: str) -> list[int]:
        for seconds in (*_FINAL_ATTEMPTS, None):
            try:
                async with translate_errors():
                    await self._automod.check(self._messageable, text)
                    await self._write_whole(text)
                break
            except TransientError:
                if seconds is None:
                    raise
                await asyncio.sleep(seconds)
        return self.message_ids

    @override
    async def discard(self) -> None:
        async with translate_errors():
            await self._keep(0)

    async def _write_whole(self, text: str) -> None:
        try:
            await self._write(text, self._answer_view, is_final=True)
        except discord.HTTPException as error:
            if error.code not in DEAD_WEBHOOK:
                raise
            # What it has sent cannot be edited any more.
            self._messages.clear()
            await self._write(text, self._answer_view, is_final=True)

    async def _write(self, text: str, view: ui.View, *, is_final: bool) -> None:
        pieces = self._split(self.speaker, text)
        for number, piece in enumerate(pieces):
            is_last = number == len(pieces) - 1
            if number == len(self._messages):
                message_id = await self._send(piece, view if is_last else None)
                self._messages.append(_Message(message_id, piece, is_last))
                self.message_ids = [each.id for each in self._messages]
                continue
            message = self._messages[number]
            if (message.text, message.has_button) != (piece, is_last) or (is_final and is_last):
                await self._edit(message.id, piece, view if is_last else None)
                message.text, message.has_button = piece, is_last
        await self._keep(len(pieces))

    async def _keep(self, count: int) -> None:
        """Delete all messages after so many."""
        while len(self._messages) > count:
            await self._delete(self._messages[-1].id)
            self._messages.pop()
            self.message_ids = [each.id for each in self._messages]

    async def _send(self, text: str, view: ui.View | None) -> int:
        if self._webhooks is None:
            return (await self._messageable.send(text, view=view)).id
        message = await self._webhooks.send(
            self._messageable,
            self.speaker,
            text,
            is_streamed=True,
            view=view or discord.utils.MISSING,
        )
        return message.id

    async def _edit(self, message_id: int, text: str, view: ui.View | None) -> None:
        if self._webhooks is None:
            partial = self._messageable.get_partial_message(message_id)
            await partial.edit(content=text, view=view)
            return
        await self._webhooks.edit(
            self._messageable, message_id, self.speaker, text, view=view, is_streamed=True
        )

    async def _delete(self, message_id: int) -> None:
        if self._webhooks is None:
            await self._messageable.get_partial_message(message_id).delete()
        else:
            await self._webhooks.delete(self._messageable, message_id, is_streamed=True)
