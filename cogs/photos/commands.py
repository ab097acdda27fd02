"""`/photos` and its commands."""

import asyncio
import io
from contextlib import suppress

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.embeds.photos import PER_PAGE, import_embed, photo_name, progress_text
from bot.discord.message_parts import to_attachment
from bot.discord.ui import AnyInteraction, confirm
from cogs.options import OwnPersonalityOption, PhotoOption
from cogs.photos.library import LibraryView
from cogs.photos.photo import show_photo
from services.media import contact_sheet
from services.photos import ImportOutcome, ImportResult, LibraryPhoto, Photo

_PROGRESS_EVERY = 10


class Photos(commands.GroupCog, group_name="photos", group_description="Photos to be posted"):
    """Photo libraries: each personality has its own, visible to its owners only."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._photos = bot.services.photos

    @app_commands.command(name="import")
    @app_commands.describe(
        personality="Whose library",
        file="JPEG, PNG, WebP, HEIC, AVIF, or a zip of them",
        file2="One more",
        file3="One more",
        file4="One more",
        file5="One more",
        ai_made="Whether they are AI-made; files that are marked as such are recognised",
    )
    async def import_(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        file: discord.Attachment,
        file2: discord.Attachment | None = None,
        file3: discord.Attachment | None = None,
        file4: discord.Attachment | None = None,
        file5: discord.Attachment | None = None,
        ai_made: bool = False,  # noqa: FBT001, FBT002 - an option of a command
    ) -> None:
        """Import photos into a library; duplicates are left out."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = await interaction_actor(interaction)
        await self._bot.services.personalities.check_owner(actor, personality.id)
        attachments = [each for each in (file, file2, file3, file4, file5) if each is not None]
        results: list[ImportResult] = []
        total = 0
        # One after the other, because an archive is held in memory while it is read.
        for attachment in attachments:
            sources = await self._photos.unpack(to_attachment(attachment))
            total += len(sources)
            async for each in self._photos.add(
                actor, personality.id, sources, is_ai_generated=ai_made
            ):
                results.append(each)
                if len(results) % _PROGRESS_EVERY == 0:
                    words = progress_text(len(results), total)
                    with suppress(discord.HTTPException):  # the import continues without it
                        await interaction.edit_original_response(content=words)
        added = [
            each.photo for each in results if each.outcome == ImportOutcome.ADDED and each.photo
        ]
        embed = import_embed(results, personality.name)
        files: list[discord.File] = []
        if added:
            thumbnails = await self._photos.thumbnails(added[:PER_PAGE])
            image = await asyncio.to_thread(
                contact_sheet,
                thumbnails,
                is_ai_generated=all(each.is_ai_generated for each in added[:PER_PAGE]),
            )
            files.append(discord.File(io.BytesIO(image), "photos.png"))
            embed.set_image(url="attachment://photos.png")
        await interaction.edit_original_response(content=None, embed=embed, attachments=files)

    @app_commands.command(name="list")
    @app_commands.describe(personality="Whose library")
    async def list_(self, interaction: Interaction, personality: OwnPersonalityOption) -> None:
        """Look through a library."""
        photos = await self._photos.list_photos(
            await interaction_actor(interaction), personality.id
        )
        await self._show(interaction, f"Photos of {personality.name}", list(photos))

    @app_commands.command()
    @app_commands.describe(personality="Whose library")
    async def unscheduled(
        self, interaction: Interaction, personality: OwnPersonalityOption
    ) -> None:
        """Look through the photos that have no post yet."""
        actor = await interaction_actor(interaction)
        photos = await self._photos.list_photos(actor, personality.id, unscheduled=True)
        title = f"Photos of {personality.name} without a post"
        await self._show(interaction, title, list(photos))

    @app_commands.command()
    @app_commands.describe(photo="Which photo")
    async def view(self, interaction: Interaction, photo: PhotoOption) -> None:
        """Show a photo."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await show_photo(interaction, await interaction_actor(interaction), photo.id)

    @app_commands.command()
    @app_commands.describe(photo="Which photo")
    async def similar(self, interaction: Interaction, photo: PhotoOption) -> None:
        """Find the photos that are most like one."""
        actor = await interaction_actor(interaction)
        matches = await self._photos.similar(actor, photo.id)
        photos = [LibraryPhoto(photo=photo), *(LibraryPhoto(photo=each.photo) for each in matches)]
        title = f"Like {photo.file_name}"
        await interaction.response.defer(ephemeral=True, thinking=True)
        await LibraryView(actor, self._photos, title, photos, matches=matches).open(interaction)

    @app_commands.command()
    @app_commands.describe(personality="Whose library", text="What the photo shows")
    async def search(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        text: app_commands.Range[str, 1, 200],
    ) -> None:
        """Find photos by words."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = await interaction_actor(interaction)
        matches = await self._photos.search(actor, personality.id, text)
        by = "what they show" if self._photos.searches_content else "name, alt text and caption"
        title = f"“{text}”, by {by}"
        photos = [LibraryPhoto(photo=each) for each in matches]
        await LibraryView(actor, self._photos, title, photos).open(interaction)

    @app_commands.command()
    @app_commands.describe(photo="Which photo")
    async def delete(self, interaction: Interaction, photo: PhotoOption) -> None:
        """Delete a photo, and its post unless that has been posted."""
        await confirm_deletion(interaction, self._bot, photo)

    async def _show(self, interaction: Interaction, title: str, photos: list[LibraryPhoto]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = LibraryView(await interaction_actor(interaction), self._photos, title, photos)
        await view.open(interaction)


async def confirm_deletion(interaction: AnyInteraction, bot: Bot, photo: Photo) -> None:
    """Ask whether to delete a photo."""
    actor, photos = await interaction_actor(interaction), bot.services.photos
    library_photo = await photos.get(actor, photo.id)
    name = photo_name(photo)

    async def delete(pressed: AnyInteraction) -> None:
        await photos.delete(await interaction_actor(pressed), photo.id)
        await pressed.response.edit_message(content=f"**{name}** is gone.", view=None)

    post = library_photo.post
    consequence = " Its post is cancelled, too." if post else ""
    consequence = " What was posted stays where it is." if post and post.posted_at else consequence
    await confirm(interaction, f"Delete **{name}**?{consequence}", label="Delete", do=delete)
