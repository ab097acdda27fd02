"""A character's gallery: a sheet of small pictures, and what can be done with the chosen one."""

import asyncio
import io
from typing import Any, Self
from uuid import UUID

import discord
from discord import ui

from bot.discord.embeds.characters import PER_PAGE, gallery_embed, picture_label
from bot.discord.ui import AnyInteraction, View
from cogs.characters.drawing import ask_to_draw
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
    """Pages of pictures; one can be chosen, selected, deleted, or drawn anew."""

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
        """Show the first page, as the answer to a command that was deferred."""
        await interaction.edit_original_response(**await self._shown(), view=self)
        self.message = await interaction.original_response()

    @ui.select(placeholder="Choose a picture", row=0)
    async def choose(self, interaction: AnyInteraction, menu: ui.Select[Self]) -> None:
        """Choose a picture."""
        self._chosen = UUID(menu.values[0])
        await self._turn(interaction)

    @ui.button(label="Back", style=discord.ButtonStyle.secondary, row=1)
    async def back(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Turn a page back."""
        self._page, self._chosen = self._page - 1, None
        await self._turn(interaction)

    @ui.button(label="Next", style=discord.ButtonStyle.secondary, row=1)
    async def forward(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Turn a page."""
        self._page, self._chosen = self._page + 1, None
        await self._turn(interaction)

    @ui.button(label="★ Select", style=discord.ButtonStyle.primary, row=1)
    async def select(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Make the chosen picture the one that later ones take after."""
        await self._galleries.select_image(self._actor, self._character_id, self._one.image.id)
        await self._turn(interaction)

    @ui.button(label="Regenerate", style=discord.ButtonStyle.secondary, row=1)
    async def regenerate(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Draw one more like the chosen one."""
        artifact = self._one.artifact
        wish = ImageOrder(
            style=artifact.style,
            variants=1,
            scene=Scene(artifact.scene),
            scene_text=artifact.scene_text,
        )
        await ask_to_draw(interaction, self._characters, self._actor, self._character_id, wish)

    @ui.button(label="Delete", style=discord.ButtonStyle.danger, row=1)
    async def delete(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Delete the chosen picture."""
        await self._galleries.delete_image(self._actor, self._character_id, self._one.image.id)
        self._chosen = None
        await self._turn(interaction)

    @property
    def _one(self) -> GalleryImage:
        """Return the chosen picture.

        Raises:
            PictureGone: Somebody was quicker, and it is not here any more.
        """
        for each in self._here:
            if each.image.id == self._chosen:
                return each
        raise ImageNotFound

    @property
    def _here(self) -> list[GalleryImage]:
        shown = self._gallery.images if self._gallery else ()
        return list(shown[self._page * PER_PAGE : (self._page + 1) * PER_PAGE])

    async def _turn(self, interaction: AnyInteraction) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(**await self._shown(), view=self)

    async def _shown(self) -> dict[str, Any]:
        """Return the page as it is now: a sheet of its pictures, and what they are."""
        gallery = await self._galleries.get(self._actor, self._character_id)
        self._gallery = gallery
        last = max((len(gallery.images) - 1) // PER_PAGE, 0)
        self._page = min(max(self._page, 0), last)
        here = self._here
        chosen = next((each for each in here if each.image.id == self._chosen), None)
        self._set_up(here, chosen, last)
        embed = gallery_embed(gallery, self._page, chosen)
        files: list[discord.File] = []
        if here:
            framed = next((n for n, each in enumerate(here) if each.image.is_selected), None)
            small = [await self._small(each) for each in here]
            drawn = await asyncio.to_thread(contact_sheet, small, selected=framed)
            files.append(discord.File(io.BytesIO(drawn), "gallery.png"))
            embed.set_image(url="attachment://gallery.png")
        return {"embed": embed, "attachments": files}

    def _set_up(self, here: list[GalleryImage], chosen: GalleryImage | None, last: int) -> None:
        """Let only what can be done be pressed."""
        self.choose.options = [
            discord.SelectOption(
                label=picture_label(number, each)[:100],
                value=str(each.image.id),
                default=each is chosen,
            )
            for number, each in enumerate(here, start=1)
        ] or [discord.SelectOption(label="Nothing yet", value=str(self._character_id))]
        self.choose.disabled = not here
        self.back.disabled = self._page == 0
        self.forward.disabled = self._page == last
        self.select.disabled = chosen is None or chosen.image.is_selected
        self.regenerate.disabled = self.delete.disabled = chosen is None

    async def _small(self, shown: GalleryImage) -> bytes | None:
        try:
            return await self._galleries.read_file(shown.thumbnail.storage_key)
        except ObjectNotFound:
            return None  # an empty place tells as much
