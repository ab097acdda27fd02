"""Answers that are shown while they are written."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
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
from services.chat import AnswerNotFound, Draft, split
from services.errors import TransientError
from services.types import Channel, Speaker

# Seconds between attempts to show the whole answer, whose beginning stands there already.
_FINAL_ATTEMPTS = (1.0, 3.0, 9.0)
_NO_WEBHOOK = "-# I lack **Manage Webhooks** here, so there is no name and face of my own."
# How many messages after a question its answer is looked for.
_MAX_DISTANCE = 100


async def find_drafts(messageable: Any, line_id: UUID, *, after: int) -> set[int]:
    """Return messages that show the beginning of an answer, after the one that it answers.

    A process may have ended after Discord took one, and before it was stored.
    """
    history = messageable.history(after=discord.Object(after), limit=_MAX_DISTANCE)
    return {each.id async for each in history if has_stop_button(each, line_id)}


@dataclass
class _Piece:
    """A message that is shown, bound to the webhook that has sent it."""

    sent: discord.Message
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
        self._pieces: list[_Piece] = []
        # Whether Discord may have taken a message of which nothing is known.
        self._is_uncertain = False

    @override
    async def show(self, text: str) -> None:
        async with translate_errors():
            try:
                await self._write(text, self._stop_view, is_final=False)
            except discord.HTTPException as error:
                if error.code not in DEAD_WEBHOOK:
                    raise
                raise AnswerNotFound from error  # its webhook is gone, so it cannot be edited

    @override
    async def finish(self, text: str) -> list[int]:
        async with translate_errors():
            await self._automod.check(self._messageable, text)
        await self._until_done(lambda: self._write_whole(text))
        return self.message_ids

    @override
    async def discard(self) -> None:
        await self._until_done(lambda: self._keep(0))

    async def _until_done(self, change: Callable[[], Awaitable[None]]) -> None:
        """Make a change, several times if Discord is busy; but nothing is sent twice."""
        for seconds in (*_FINAL_ATTEMPTS, None):
            try:
                async with translate_errors():
                    await change()
            except TransientError:
                if seconds is None or self._is_uncertain:
                    raise
                await asyncio.sleep(seconds)
            else:
                return

    async def _write_whole(self, text: str) -> None:
        try:
            await self._write(text, self._answer_view, is_final=True)
        except discord.HTTPException as error:
            if error.code not in DEAD_WEBHOOK:
                raise
            # What it has sent cannot be edited any more, and only a moderator may delete it.
            for piece in self._pieces:
                with suppress(discord.HTTPException):
                    await self._messageable.get_partial_message(piece.sent.id).delete()
            self._pieces.clear()
            await self._write(text, self._answer_view, is_final=True)

    async def _write(self, text: str, view: ui.View, *, is_final: bool) -> None:
        texts = self._split(self.speaker, text)
        for number, piece in enumerate(texts):
            is_last = number == len(texts) - 1
            if number == len(self._pieces):
                sent = await self._send(piece, view if is_last else None)
                self._pieces.append(_Piece(sent, piece, is_last))
                self.message_ids = [each.sent.id for each in self._pieces]
                continue
            shown = self._pieces[number]
            if (shown.text, shown.has_button) != (piece, is_last) or (is_final and is_last):
                content = piece
                if self._webhooks is not None:
                    content = self._webhooks.shown_text(self.speaker, piece)
                await shown.sent.edit(content=content, view=view if is_last else None)
                shown.text, shown.has_button = piece, is_last
        await self._keep(len(texts))

    async def _keep(self, count: int) -> None:
        """Delete all messages after so many."""
        while len(self._pieces) > count:
            with suppress(discord.NotFound):
                await self._pieces[-1].sent.delete()
            self._pieces.pop()
            self.message_ids = [each.sent.id for each in self._pieces]

    async def _send(self, text: str, view: ui.View | None) -> discord.Message:
        self._is_uncertain = True
        if self._webhooks is None:
            sent = await self._messageable.send(text, view=view)
        else:
            sent = await self._webhooks.send(
                self._messageable,
                self.speaker,
                text,
                is_streamed=True,
                view=view or discord.utils.MISSING,
            )
        self._is_uncertain = False
        return sent


def split_answer(channel: Channel, speaker: Speaker, text: str, *, via_webhook: bool) -> list[str]:
    """Split an answer into messages; without a webhook, the name of the speaker comes first."""
    if via_webhook:
        return split(text)
    prefixed = f"**{discord.utils.escape_markdown(speaker.name)}:** {text}"
    return split(prefixed if channel.guild_id is None else f"{prefixed}\n{_NO_WEBHOOK}")
