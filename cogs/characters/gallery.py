"""A character's gallery: a sheet of thumbnails, and actions on the chosen picture."""

import asyncio
import io
from typing import Any, Self
from uuid import UUID

import discord
from discord import ui

from bot.discord.embeds.characters import PER_PAGE, gallery_embed, picture_label
from bot.discord.ui import AnyInteraction, View
from cogs.characters.drawing import confirm_drawing
from services.characters import (
    CharacterService,
    Gallery,
    GalleryImage,
    GalleryService,
    ImageNotFound,
    ImageOrder,
    Scene,
)
from services.media import ObjectNotFound, contact_sheet
from services.types import Actor


class GalleryView(View):
    """Pages of pictures; one can be chosen, then selected, deleted or redrawn."""

    def __init__(
        self,
        actor: Actor,
        character_id: UUID,
        galleries: GalleryService,
        characters: CharacterService,
    ) -> None:
        super().__init__(actor.discord_id)
        self._actor = actor
        self._character_id = character_id
        self._galleries = galleries
        self._characters = characters
        self._gallery: Gallery | None = None
        self._page = 0
        self._chosen: UUID | None = None

    async def open(self, interaction: AnyInteraction) -> None:
        """Show the first page as the response of a deferred command."""
        await interaction.edit_original_response(**await self._render(), view=self)
        self.message = await interaction.original_response()

    @ui.select(placeholder="Choose a picture", row=0)
    async def choose(self, interaction: AnyInteraction, menu: ui.Select[Self]) -> None:
        """Choose a picture."""
        self._chosen = UUID(menu.values[0])
        await self._redraw(interaction)

    @ui.button(label="Back", style=discord.ButtonStyle.secondary, row=1)
    async def back(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Go to the previous page."""
        self._page, self._chosen = self._page - 1, None
        await self._redraw(interaction)

    @ui.button(label="Next", style=discord.ButtonStyle.secondary, row=1)
    async def forward(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Go to the next page."""
        self._page, self._chosen = self._page + 1, None
        await self._redraw(interaction)

    @ui.button(label="★ Select", style=discord.ButtonStyle.primary, row=1)
    async def select(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Make the chosen picture the reference for later ones."""
        await self._galleries.select_image(
            self._actor, self._character_id, self._chosen_image.image.id
        )
        await self._redraw(interaction)

    @ui.button(label="Regenerate", style=discord.ButtonStyle.secondary, row=1)
    async def regenerate(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Draw one more like the chosen one."""
        artifact = self._chosen_image.artifact
        order = ImageOrder(
            style=artifact.style,
            variants=1,
            scene=Scene(artifact.scene),
            scene_text=artifact.scene_text,
        )
        await confirm_drawing(interaction, self._characters, self._actor, self._character_id, order)

    @ui.button(label="Delete", style=discord.ButtonStyle.danger, row=1)
    async def delete(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Delete the chosen picture."""
        await self._galleries.delete_image(
            self._actor, self._character_id, self._chosen_image.image.id
        )
        self._chosen = None
        await self._redraw(interaction)

    @property
    def _chosen_image(self) -> GalleryImage:
        """Return the chosen picture.

        Raises:
            ImageNotFound: It was deleted in the meantime.
        """
        for each in self._page_images:
            if each.image.id == self._chosen:
                return each
        raise ImageNotFound

    @property
    def _page_images(self) -> list[GalleryImage]:
        images = self._gallery.images if self._gallery else ()
        return list(images[self._page * PER_PAGE : (self._page + 1) * PER_PAGE])

    async def _redraw(self, interaction: AnyInteraction) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(**await self._render(), view=self)

    async def _render(self) -> dict[str, Any]:
        """Return the current page as arguments of an edit: embed and sheet of thumbnails."""
        gallery = await self._galleries.get(self._actor, self._character_id)
        self._gallery = gallery
        last_page = max((len(gallery.images) - 1) // PER_PAGE, 0)
        self._page = min(max(self._page, 0), last_page)
        images = self._page_images
        chosen = next((each for each in images if each.image.id == self._chosen), None)
        self._update_controls(images, chosen, last_page)
        embed = gallery_embed(gallery, self._page, chosen)
        files: list[discord.File] = []
        if images:
            selected_index = next(
                (n for n, each in enumerate(images) if each.image.is_selected), None
            )
            thumbnails = [await self._thumbnail(each) for each in images]
            image = await asyncio.to_thread(contact_sheet, thumbnails, selected=selected_index)
            files.append(discord.File(io.BytesIO(image), "gallery.png"))
            embed.set_image(url="attachment://gallery.png")
        return {"embed": embed, "attachments": files}

    def _update_controls(
        self, images: list[GalleryImage], chosen: GalleryImage | None, last_page: int
    ) -> None:
        """Enable only the controls that can be used."""
        self.choose.options = [
            discord.SelectOption(
                label=picture_label(number, each)[:100],
                value=str(each.image.id),
                default=each is chosen,
            )
            for number, each in enumerate(images, start=1)
        ] or [discord.SelectOption(label="Nothing yet", value=str(self._character_id))]
        self.choose.disabled = not images
        self.back.disabled = self._page == 0
        self.forward.disabled = self._page == last_page
        self.select.disabled = chosen is None or chosen.image.is_selected
        self.regenerate.disabled = self.delete.disabled = chosen is None

    async def _thumbnail(self, image: GalleryImage) -> bytes | None:
        try:
            return await self._galleries.read_file(image.thumbnail.storage_key)
        except ObjectNotFound:
            return None  # the sheet leaves an empty cell
