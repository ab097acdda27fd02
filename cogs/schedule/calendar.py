"""A month of posts as a picture, with buttons to other months."""

import asyncio
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import discord
from discord import ui

from bot.discord.embeds.posts import MARKS, post_summary, safe_name
from bot.discord.ui import AnyInteraction, View
from services.media import MAX_PICTURES_PER_DAY, Pin, PinState, month_sheet
from services.photos import PhotoService
from services.social import CalendarService, PostDetails, PostStatus
from services.texts import counted, shorten
from services.types import Actor

_PIN_STATES = {
    PostStatus.DRAFT: PinState.UNSURE,
    PostStatus.SCHEDULED: PinState.COMING,
    PostStatus.SENDING: PinState.COMING,
    PostStatus.POSTED: PinState.DONE,
    PostStatus.FAILED: PinState.FAILED,
    PostStatus.UNCONFIRMED: PinState.UNSURE,
}
_MAX_LINES, _MAX_POSTS, _MAX_TEXT = 8, 20, 3800


class CalendarView(View):
    """A month of planned and published posts."""

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
        owner_label: str,
    ) -> None:
        super().__init__(actor.discord_id)
        self._actor = actor
        self._calendar = calendar
        self._photos = photos
        self._zone = zone
        self._today = today
        self._first = first
        self._personality_id = personality_id
        self._owner_label = owner_label

    async def open(self, interaction: AnyInteraction) -> None:
        """Show the month as the response of a deferred command."""
        await interaction.edit_original_response(**await self._render())
        self.message = await interaction.original_response()

    @ui.button(label="Back", style=discord.ButtonStyle.secondary)
    async def back(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Go to the previous month."""
        await self._turn(interaction, self._first - timedelta(days=1))

    @ui.button(label="Today", style=discord.ButtonStyle.secondary)
    async def current(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Go to the current month."""
        await self._turn(interaction, self._today)

    @ui.button(label="Next", style=discord.ButtonStyle.secondary)
    async def forward(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Go to the next month."""
        await self._turn(interaction, _next_month(self._first))

    async def _turn(self, interaction: AnyInteraction, day: date) -> None:
        self._first = day.replace(day=1)
        await interaction.response.defer()
        await interaction.edit_original_response(**await self._render())

    async def _render(self) -> dict[str, Any]:
        entries = await self._calendar.between(
            self._actor,
            self._midnight(self._first),
            self._midnight(_next_month(self._first)),
            personality_id=self._personality_id,
        )
        days = await self._pins(entries)
        image = await asyncio.to_thread(
            month_sheet, self._first, days, time_zone=self._zone.key, today=self._today
        )
        embed = discord.Embed(title=f"Posts of {self._owner_label}"[:256])
        lines = [*_error_lines(entries), *self._day_lines(entries)]
        embed.description = shorten("\n".join(lines), _MAX_TEXT) or None
        embed.set_image(url="attachment://calendar.png")
        summary = _summary(entries)
        embed.set_footer(text=f"{summary} in {self._first:%B %Y} · times in {self._zone.key}")
        alt = f"{self._first:%B %Y} as a calendar: {summary}."
        file = discord.File(io.BytesIO(image), "calendar.png", description=alt)
        return {"embed": embed, "attachments": [file], "view": self}

    async def _pins(self, entries: Sequence[PostDetails]) -> Mapping[int, Sequence[Pin]]:
        """Return what the picture shows, by the day of the month."""
        days: defaultdict[int, list[Pin]] = defaultdict(list)
        for entry in entries:
            at = _post_time(entry).astimezone(self._zone)
            day, state = days[at.day], _PIN_STATES[PostStatus(entry.post.status)]
            photos = [entry.photo] if len(day) < MAX_PICTURES_PER_DAY else []
            thumbnail = (*await self._photos.thumbnails(photos), None)[0]
            day.append(Pin(picture=thumbnail, label=f"{at:%H:%M}", state=state))
        return days

    def _day_lines(self, entries: Sequence[PostDetails]) -> list[str]:
        """Return a line for each day with posts, as the picture shows them."""
        days: defaultdict[date, list[str]] = defaultdict(list)
        for entry in entries[:_MAX_POSTS]:
            at = _post_time(entry).astimezone(self._zone)
            mark, name = MARKS[PostStatus(entry.post.status)], safe_name(entry.photo.file_name)
            days[at.date()].append(f"{mark} {at:%H:%M} {name}")
        lines = [f"**{day:%a %-d %b}**: {', '.join(posts)}" for day, posts in days.items()]
        rest = len(entries) - _MAX_POSTS
        return [*lines, f"-# … and {counted(rest, 'more post')}"] if rest > 0 else lines

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone)


def _error_lines(entries: Sequence[PostDetails]) -> list[str]:
    """Return a line for each post with an error."""
    failed = [each for each in entries if each.post.error]
    lines = [post_summary(each) for each in failed[:_MAX_LINES]]
    return [*lines, f"… and {len(failed) - _MAX_LINES} more"] if len(failed) > _MAX_LINES else lines


def _summary(entries: Sequence[PostDetails]) -> str:
    """Return how many posts there are, and in which states."""
    states = Counter(_PIN_STATES[PostStatus(each.post.status)] for each in entries)
    parts = [f"{states[state]} {state}" for state in PinState if states[state]]
    suffix = f" ({', '.join(parts)})" if parts else ""
    return f"{counted(len(entries), 'post')}{suffix}"


def _next_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _post_time(entry: PostDetails) -> datetime:
    at = entry.post.posted_at or entry.post.scheduled_at
    assert at is not None  # noqa: S101 - only posts with a time are between two times
    return at
