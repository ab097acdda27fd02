"""One photo, and a form for its alt text."""

import io
from typing import Self
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.embeds.photos import photo_embed
from bot.discord.ui import AnyInteraction, Modal, View
from services.photos import ALT_LIMIT, PhotoService
from services.social import CaptionDraft, PostStatus
from services.types import Actor


async def show_photo(interaction: AnyInteraction, actor: Actor, photo_id: UUID) -> None:
    """Show a photo as the response of a deferred interaction."""
    photos: PhotoService = interaction.client.services.photos
    library_photo = await photos.get(actor, photo_id)
    original = await photos.picture(library_photo.photo)
    embed = photo_embed(library_photo)
    files: list[discord.File] = []
    if original is not None:
        files.append(discord.File(io.BytesIO(original), "photo.jpg"))
        embed.set_image(url="attachment://photo.jpg")
    view = PhotoView(actor, photos, photo_id)
    await interaction.edit_original_response(embed=embed, attachments=files, view=view)
    view.message = await interaction.original_response()


class PhotoView(View):
    """Actions on a photo."""

    def __init__(self, actor: Actor, photos: PhotoService, photo_id: UUID) -> None:
        super().__init__(actor.discord_id)
        self._actor = actor
        self._photos = photos
        self._photo_id = photo_id

    @ui.button(label="Describe", style=discord.ButtonStyle.secondary)
    async def describe(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Edit its alt text."""
        library_photo = await self._photos.get(self._actor, self._photo_id)
        form = AltTextForm(self._actor, self._photos, self._photo_id, library_photo.photo.alt_text)
        await interaction.response.send_modal(form)


class AltTextForm(Modal, title="What the photo shows"):
    """Form for an alt text."""

    def __init__(self, actor: Actor, photos: PhotoService, photo_id: UUID, alt_text: str) -> None:
        super().__init__()
        self._actor = actor
        self._photos = photos
        self._photo_id = photo_id
        self.alt_text = ui.TextInput[Self](
            custom_id="alt_text",
            style=TextStyle.long,
            default=alt_text or None,
            required=False,
            max_length=ALT_LIMIT,
        )
        self.ask("In a sentence or two", self.alt_text)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        library_photo = await self._photos.get(self._actor, self._photo_id)
        post, alt_text = library_photo.post, self.alt_text.value
        if post is not None and post.status == PostStatus.SCHEDULED:
            # A post that is in a queue already must be changed there as well.
            draft = CaptionDraft(
                caption=post.caption, alt_text=alt_text, first_comment=post.first_comment
            )
            await interaction.client.services.posts.edit(self._actor, post.id, draft)
        else:
            await self._photos.set_alt_text(self._actor, self._photo_id, alt_text)
        library_photo = await self._photos.get(self._actor, self._photo_id)
        embed = photo_embed(library_photo).set_image(url="attachment://photo.jpg")
        await interaction.response.edit_message(embed=embed)
