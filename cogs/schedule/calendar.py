"""A month as a picture: what is planned and what is out, and buttons to turn the page."""

import asyncio
import io
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import discord
from discord import ui

from bot.discord.embeds.posts import entry_line
from bot.discord.ui import AnyInteraction, View
from services.media import MAX_PICTURES_PER_DAY, Pin, PinState, month_sheet
from services.photos import PhotoService
from services.social import CalendarService, PostDetails, PostStatus
from services.texts import shorten
from services.types import Actor

_MOODS = {
    PostStatus.DRAFT: PinState.UNSURE,
    PostStatus.SCHEDULED: PinState.COMING,
    PostStatus.SENDING: PinState.COMING,
    PostStatus.POSTED: PinState.DONE,
    PostStatus.FAILED: PinState.WRONG,
    PostStatus.UNCONFIRMED: PinState.UNSURE,
}
_LINES, _TEXT = 8, 3800
_LEGEND = "🟦 planned · 🟩 posted · 🟥 failed · 🟨 nobody knows"


class CalendarView(View):
    """A month of posts."""

    def __init__(
        self,
        actor: Actor,
        calendar: CalendarService,
        photos: PhotoService,
        *,
        zone: ZoneInfo,
        today: date,
        first: date,
        personality_id: UUID | None,
        whose: str,
    ) -> None:
        super().__init__(actor.discord_id)
        self._actor = actor
        self._calendar = calendar
        self._photos = photos
        self._zone = zone
        self._today = today
        self._first = first
        self._personality_id = personality_id
        self._whose = whose

    async def open(self, interaction: AnyInteraction) -> None:
        """Show the month, as the answer to what was deferred."""
        await interaction.edit_original_response(**await self._drawn())
        self.message = await interaction.original_response()

    @ui.button(label="Back", style=discord.ButtonStyle.secondary)
    async def back(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Turn to the month before."""
        await self._turn(interaction, self._first - timedelta(days=1))

    @ui.button(label="Today", style=discord.ButtonStyle.secondary)
    async def now(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Turn to this month."""
        await self._turn(interaction, self._today)

    @ui.button(label="Next", style=discord.ButtonStyle.secondary)
    async def forward(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Turn to the month after."""
        await self._turn(interaction, _next(self._first))

    async def _turn(self, interaction: AnyInteraction, day: date) -> None:
        self._first = day.replace(day=1)
        await interaction.response.defer()
        await interaction.edit_original_response(**await self._drawn())

    async def _drawn(self) -> dict[str, Any]:
        entries = await self._calendar.between(
            self._actor,
            self._midnight(self._first),
            self._midnight(_next(self._first)),
            personality_id=self._personality_id,
        )
        days: defaultdict[int, list[Pin]] = defaultdict(list)
        for entry in entries:
            at = _at(entry).astimezone(self._zone)
            day, mood = days[at.day], _MOODS[PostStatus(entry.post.status)]
            shown = [entry.photo] if len(day) < MAX_PICTURES_PER_DAY else []
            small = (*await self._photos.thumbnails(shown), None)[0]
            day.append(Pin(picture=small, label=f"{at:%H:%M}", state=mood))
        drawn = await asyncio.to_thread(month_sheet, self._first, days, today=self._today)
        embed = discord.Embed(title=f"Posts of {self._whose}"[:256])
        embed.description = shorten("\n".join(_trouble(entries)), _TEXT) or None
        embed.set_image(url="attachment://calendar.png")
        several = "1 post" if len(entries) == 1 else f"{len(entries)} posts"
        embed.set_footer(text=f"{several} this month · {self._zone.key} · {_LEGEND}")
        file = discord.File(io.BytesIO(drawn), "calendar.png")
        return {"embed": embed, "attachments": [file], "view": self}

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone)


def _trouble(entries: Sequence[PostDetails]) -> list[str]:
    """Return the lines of what somebody should look at; the rest the picture shows."""
    found = [each for each in entries if each.post.error]
    lines = [entry_line(each) for each in found[:_LINES]]
    return [*lines, f"… and {len(found) - _LINES} more"] if len(found) > _LINES else lines


def _next(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _at(entry: PostDetails) -> datetime:
    at = entry.post.posted_at or entry.post.scheduled_at
    assert at is not None  # noqa: S101 - only posts with a time are in a span of it
    return at
