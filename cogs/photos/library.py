"""A library in pages: sheets of thumbnails, from which one can be opened."""

import asyncio
import io
from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.discord.embeds.photos import PER_PAGE, library_embed, photo_label
from bot.discord.ui import AnyInteraction, Pager
from cogs.photos.photo import show_photo
from services.media import contact_sheet
from services.photos import LibraryPhoto, PhotoService, SimilarPhoto
from services.types import Actor


class LibraryView(Pager):
    """Pages of photos."""

    def __init__(
        self,
        actor: Actor,
        photos: PhotoService,
        title: str,
        library: Sequence[LibraryPhoto],
        *,
        matches: Sequence[SimilarPhoto] = (),
    ) -> None:
        super().__init__(actor.discord_id)
        self._actor = actor
        self._photos = photos
        self._title = title
        self._library = library
        self._matches = matches

    @ui.select(placeholder="Open a photo", row=0)
    async def choose(self, interaction: AnyInteraction, menu: ui.Select[Self]) -> None:
        """Open a photo."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await show_photo(interaction, self._actor, UUID(menu.values[0]))

    @property
    @override
    def page_count(self) -> int:
        return max(1, -(-len(self._library) // PER_PAGE))

    @override
    async def render(self) -> dict[str, Any]:
        page = self._library[self.page * PER_PAGE : (self.page + 1) * PER_PAGE]
        self.choose.disabled = not page
        self.choose.options = [
            discord.SelectOption(label=photo_label(number, each.photo), value=str(each.photo.id))
            for number, each in enumerate(page, start=1)
        ] or [discord.SelectOption(label="Nothing here", value="0")]
        embed = library_embed(self._title, self._library, self.page, self._matches)
        files: list[discord.File] = []
        if page:
            thumbnails = await self._photos.thumbnails([each.photo for each in page])
            image = await asyncio.to_thread(
                contact_sheet,
                thumbnails,
                is_ai_generated=all(each.photo.is_ai_generated for each in page),
            )
            files.append(discord.File(io.BytesIO(image), "photos.png"))
            embed.set_image(url="attachment://photos.png")
        return {"embed": embed, "attachments": files}
