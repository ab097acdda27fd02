"""`/character` and its commands."""

from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.embeds.characters import character_line, profile_embed, quote_text
from bot.discord.message_parts import to_attachment
from bot.discord.ui import AnyInteraction, confirm, show_list
from cogs.characters.drawing import confirm_drawing, confirm_order
from cogs.characters.gallery import GalleryView
from cogs.characters.profile import ProfileView
from cogs.options import CharacterOption, OwnPersonalityOption, StyleOption
from services.characters import VARIANTS, ImageOrder, Scene
from services.types import Actor

PictureCount = app_commands.Range[int, 1, VARIANTS]


class Characters(
    commands.GroupCog,
    group_name="character",
    group_description="Drawn figures: faces for AI characters",
):
    """Characters: figures drawn from a photo, recognisable in every picture."""

    def __init__(self, bot: Bot) -> None:
        self._characters = bot.services.characters
        self._galleries = bot.services.galleries

    @app_commands.command()
    @app_commands.describe(
        name="What to call the character",
        gender="The gender to draw",
        style="The style to draw in",
        photo="One person, well lit: JPEG, PNG, WebP, HEIC or AVIF",
        upload="Instead: the key of a photo that was uploaded",
        pictures="How many to choose from",
    )
    async def create(
        self,
        interaction: Interaction,
        name: str,
        gender: Literal["female", "male", "nonbinary"],
        style: StyleOption,
        photo: discord.Attachment | None = None,
        upload: str | None = None,
        pictures: PictureCount = 4,
    ) -> None:
        """Draw a figure from a photo; it can become the face of a personality."""
        quote = self._characters.quote(pictures)
        source = to_attachment(photo) if photo else upload

        async def create(actor: Actor, wanted: ImageOrder) -> None:
            await self._characters.create(
                actor, name=name, gender=gender, photo=source, order=wanted
            )

        question = (
            f"{quote_text(quote)}, and an analysis of the photo by a model.\n"
            "The photo is sent to these models, without the place and time it was taken, is used "
            f"for nothing else, and is deleted after {self._characters.photo_days} days.\n"
            "**May you use this photo?** It must show you, or somebody who agrees."
        )
        order = ImageOrder(style=style, variants=pictures)
        await confirm_order(interaction, question, label="Yes, draw it", order=order, do=create)

    @app_commands.command()
    @app_commands.describe(
        character="Which of yours",
        style="The style; by default the last one",
        shows="What the pictures show",
        scene="For a picture in a scene: where the character is and what it does",
        pictures="How many",
    )
    async def generate(
        self,
        interaction: Interaction,
        character: CharacterOption,
        style: StyleOption | None = None,
        shows: Literal["portrait", "full body", "expressions", "scene"] = "portrait",
        scene: app_commands.Range[str, 1, 400] | None = None,
        pictures: PictureCount = 2,
    ) -> None:
        """Draw more pictures of a character, in another style or scene."""
        order = ImageOrder(
            style=style or character.style,
            variants=pictures,
            scene=Scene.SCENE if scene else Scene(shows),
            scene_text=scene or "",
        )
        await confirm_drawing(interaction, self._characters, character.id, order)

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show your characters."""
        characters = await self._characters.list_characters(await interaction_actor(interaction))
        lines = [character_line(character, pictures) for character, pictures in characters]
        empty = "`/character create` makes one from a photo."
        await show_list(interaction, title="Your characters", lines=lines, empty=empty)

    @app_commands.command()
    @app_commands.describe(character="Which of yours")
    async def gallery(self, interaction: Interaction, character: CharacterOption) -> None:
        """Look through a character's pictures; select, delete or redraw them."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = GalleryView(
            await interaction_actor(interaction), character.id, self._galleries, self._characters
        )
        await view.open(interaction)

    @app_commands.command()
    @app_commands.describe(character="Which of yours")
    async def profile(self, interaction: Interaction, character: CharacterOption) -> None:
        """Show and change the description of a character."""
        actor = await interaction_actor(interaction)
        gallery = await self._galleries.profile(actor, character.id)
        view = ProfileView(actor, character, gallery, self._galleries)
        await interaction.response.send_message(
            embed=profile_embed(character, gallery), view=view, ephemeral=True
        )
        view.message = await interaction.original_response()

    @app_commands.command()
    @app_commands.describe(character="Which of yours", personality="Whose face it will be")
    async def use(
        self,
        interaction: Interaction,
        character: CharacterOption,
        personality: OwnPersonalityOption,
    ) -> None:
        """Make the selected picture a personality's face, or a sheet its expressions."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        used = await self._characters.use_as_face(
            await interaction_actor(interaction), character.id, personality.id
        )
        name = discord.utils.escape_markdown(used.personality.name)
        text = f"**{name}** speaks with this face from now on."
        if used.expressions:
            text = f"**{name}** shows these when they fit: {', '.join(used.expressions)}."
        embed = discord.Embed(description=text)
        embed.set_thumbnail(url=used.personality.avatar_url)
        await interaction.followup.send(embed=embed, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(character="Which of yours")
    async def delete(self, interaction: Interaction, character: CharacterOption) -> None:
        """Delete a character, its photo and all its pictures."""
        name = discord.utils.escape_markdown(character.name)

        async def delete(pressed: AnyInteraction) -> None:
            await self._characters.delete(await interaction_actor(pressed), character.id)
            await pressed.response.edit_message(
                content=f"**{name}** is gone, with every picture.", view=None
            )

        question = (
            f"Delete **{name}**, the photo and all pictures? Personalities that use one of them "
            "as their face keep it."
        )
        await confirm(interaction, question, label="Delete", do=delete)
