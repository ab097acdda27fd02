"""A character's gallery: a sheet of thumbnails, and actions on the chosen picture."""

import asyncio
import io
from typing import Any, Self
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.discord.embeds.characters import PER_PAGE, gallery_embed, picture_label
from bot.discord.ui import AnyInteraction, Pager
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


class GalleryView(Pager):
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
        self._chosen: UUID | None = None

    @ui.select(placeholder="Choose a picture", row=0)
    async def choose(self, interaction: AnyInteraction, menu: ui.Select[Self]) -> None:
        """Choose a picture."""
        self._chosen = UUID(menu.values[0])
        await self.turn(interaction)

    @ui.button(label="★ Select", style=discord.ButtonStyle.primary, row=1)
    async def select(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Make the chosen picture the reference for later ones."""
        await self._galleries.select_image(
            self._actor, self._character_id, self._chosen_image.image.id
        )
        await self.turn(interaction)

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
        await confirm_drawing(interaction, self._characters, self._character_id, order)

    @ui.button(label="Delete", style=discord.ButtonStyle.danger, row=1)
    async def delete(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Delete the chosen picture."""
        await self._galleries.delete_image(
            self._actor, self._character_id, self._chosen_image.image.id
        )
        self._chosen = None
        await self.turn(interaction)

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
        return list(images[self.page * PER_PAGE : (self.page + 1) * PER_PAGE])

    @property
    @override
    def page_count(self) -> int:
        return max(1, -(-len(self._gallery.images) // PER_PAGE)) if self._gallery else 1

    @override
    async def turn(self, interaction: AnyInteraction, step: int = 0) -> None:
        if step:
            self._chosen = None
        await super().turn(interaction, step)

    @override
    async def render(self) -> dict[str, Any]:
        gallery = await self._galleries.get(self._actor, self._character_id)
        self._gallery = gallery
        self.page = min(self.page, self.page_count - 1)
        images = self._page_images
        chosen = next((each for each in images if each.image.id == self._chosen), None)
        self._update_controls(images, chosen)
        embed = gallery_embed(gallery, self.page, chosen)
        files: list[discord.File] = []
        if images:
            selected_index = next(
                (n for n, each in enumerate(images) if each.image.is_selected), None
            )
            thumbnails = await asyncio.gather(*map(self._thumbnail, images))
            image = await asyncio.to_thread(contact_sheet, thumbnails, selected=selected_index)
            files.append(discord.File(io.BytesIO(image), "gallery.png"))
            embed.set_image(url="attachment://gallery.png")
        return {"embed": embed, "attachments": files}

    def _update_controls(self, images: list[GalleryImage], chosen: GalleryImage | None) -> None:
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
        self.select.disabled = chosen is None or chosen.image.is_selected
        self.regenerate.disabled = self.delete.disabled = chosen is None

    async def _thumbnail(self, image: GalleryImage) -> bytes | None:
        try:
            return await self._galleries.read_file(image.thumbnail.storage_key)
        except ObjectNotFound:
            return None  # the sheet leaves an empty cell
