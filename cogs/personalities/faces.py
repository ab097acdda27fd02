"""The commands of `/personality` about faces and expressions."""

import io
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord.client import Interaction
from bot.discord.converters import interaction_actor
from cogs.options import OwnPersonalityOption, PhotoOption
from cogs.personalities.embeds import personality_embed
from services.faces import Face, FaceService, NoPicture
from services.media import MAX_BYTES, Crop, FileNotFound, FileTooLarge
from services.photos import PhotoService
from services.texts import counted

_EXPLICIT = "The picture counts as explicit: only age-restricted channels see this personality now."
_GALLERY = 10  # Discord's limit for a gallery


class FaceCommands(commands.GroupCog):
    """What `/personality` has for faces: a base of its cog."""

    _faces: FaceService
    _photos: PhotoService

    @app_commands.command()
    @app_commands.describe(
        personality="Which of yours",
        picture="A picture; the one of its card if you give none",
        photo="Instead: a photo of its library",
        crop="Which part, if it is not square: of a wide one, left, middle or right",
        expression="What it shows, as happy or angry: seen when that fits what is said",
    )
    async def avatar(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        picture: discord.Attachment | None = None,
        photo: PhotoOption | None = None,
        crop: Literal["top", "center", "bottom"] = "top",
        expression: app_commands.Range[str, 1, 32] | None = None,
    ) -> None:
        """Give a personality a face, or an expression."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = await interaction_actor(interaction)
        data, is_ai_generated = None, False
        if picture is not None:
            if picture.size > MAX_BYTES:
                raise FileTooLarge(picture.filename, MAX_BYTES)
            data = await picture.read()
        elif photo is not None:
            data, is_ai_generated = await self._photos.picture(photo), photo.is_ai_generated
            if data is None:
                raise FileNotFound(photo.file_name)
        if expression is not None:
            if data is None:
                raise NoPicture
            face = await self._faces.set_expression(
                actor,
                personality.id,
                expression,
                data,
                crop=Crop[crop.upper()],
                is_ai_generated=is_ai_generated,
            )
            note = _EXPLICIT if face.is_explicit else ""
            await self._show_expressions(interaction, personality.name, personality.id, note)
            return
        if data is None:
            changed = await self._faces.adopt_card_face(actor, personality.id)
        else:
            changed = await self._faces.set_face(
                actor,
                personality.id,
                data,
                crop=Crop[crop.upper()],
                is_ai_generated=is_ai_generated,
            )
        await interaction.edit_original_response(
            content=_EXPLICIT if changed.avatar_explicit else None,
            embed=personality_embed(changed),
        )

    @app_commands.command()
    @app_commands.describe(
        personality="Which of yours", remove="The name of one that it should lose"
    )
    async def expressions(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        remove: app_commands.Range[str, 1, 32] | None = None,
    ) -> None:
        """Show the expressions of a personality, or remove one."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        if remove is not None:
            actor = await interaction_actor(interaction)
            await self._faces.remove_expression(actor, personality.id, remove)
        await self._show_expressions(interaction, personality.name, personality.id)

    async def _show_expressions(
        self, interaction: Interaction, name: str, personality_id: UUID, note: str = ""
    ) -> None:
        actor = await interaction_actor(interaction)
        faces = await self._faces.expressions(actor, personality_id)
        pictures = [await self._faces.picture(face) for face in faces]
        files = [
            discord.File(io.BytesIO(picture), f"{number}.jpg")
            for number, picture in enumerate(pictures)
        ]
        await interaction.edit_original_response(
            view=_expressions_view(name, faces, note), attachments=files
        )


def _expressions_view(name: str, faces: Sequence[Face], note: str) -> ui.LayoutView:
    """Return the expressions of a personality; their pictures are attached by their numbers."""
    view = ui.LayoutView(timeout=None)
    escape = discord.utils.escape_markdown
    names = ", ".join(escape(face.name) for face in faces)
    text = (
        f"**{escape(name)}** has {counted(len(faces), 'expression')}: {names}.\n"
        "The one that fits an answer is its face for that message."
        if faces
        else f"**{escape(name)}** has no expressions. `/personality avatar expression:` adds one; "
        "an expression sheet of `/character generate` brings six by `/character use`."
    )
    view.add_item(ui.TextDisplay[ui.LayoutView](f"{text}\n{note}".strip()))
    for start in range(0, len(faces), _GALLERY):
        gallery = ui.MediaGallery[ui.LayoutView]()
        for number, face in enumerate(faces[start : start + _GALLERY], start):
            gallery.add_item(media=f"attachment://{number}.jpg", description=face.name)
        view.add_item(gallery)
    return view
