"""The description of a character's looks, and forms to change it."""

from typing import Any, Self

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.embeds.characters import profile_embed
from bot.discord.ui import AnyInteraction, Modal, View
from services.characters import Character, CharacterProfile, GalleryService
from services.types import Actor

_APPEARANCE = {"hair": "Hair", "eyes": "Eyes", "skin": "Skin", "face": "Face", "build": "Build"}
_CLOTHING = {
    "clothing": "Wears",
    "accessories": "With (one a line)",
    "color_palette": "Palette (one a line)",
    "features": "Known by (one a line)",
}
_MULTILINE = {"accessories", "color_palette", "features"}


class ProfileView(View):
    """Buttons to edit a profile, and a menu of the features that must not change."""

    def __init__(
        self,
        actor: Actor,
        character: Character,
        profile: CharacterProfile,
        galleries: GalleryService,
    ) -> None:
        super().__init__(actor.discord_id)
        self._actor = actor
        self._character = character
        self._profile = profile
        self._galleries = galleries
        self._update_controls()

    @ui.select(placeholder="🔒 What every picture keeps", min_values=0, row=0)
    async def locked_features(self, interaction: AnyInteraction, menu: ui.Select[Self]) -> None:
        """Choose the features that no picture may change."""
        features = self._profile.features
        chosen = [features[int(value)] for value in menu.values]
        await self.show(
            interaction,
            await self._galleries.set_fixed_features(self._actor, self._character.id, chosen),
        )

    @ui.button(label="Edit looks", style=discord.ButtonStyle.secondary, row=1)
    async def edit_appearance(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Edit the description of the person."""
        await interaction.response.send_modal(ProfileForm(self, self._profile, _APPEARANCE))

    @ui.button(label="Edit what it wears", style=discord.ButtonStyle.secondary, row=1)
    async def edit_clothing(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Edit clothing and distinctive features."""
        await interaction.response.send_modal(ProfileForm(self, self._profile, _CLOTHING))

    async def save(self, interaction: AnyInteraction, texts: dict[str, str]) -> None:
        """Save the texts of a form."""
        profile = await self._galleries.update_profile(self._actor, self._character.id, texts)
        await self.show(interaction, profile)

    async def show(self, interaction: AnyInteraction, profile: CharacterProfile) -> None:
        """Replace the profile that is shown."""
        self._profile = profile
        self._update_controls()
        embed = profile_embed(self._character, profile)
        await interaction.response.edit_message(embed=embed, view=self)

    def _update_controls(self) -> None:
        locked = set(self._profile.do_not_change)
        features = self._profile.features
        self.locked_features.options = [
            discord.SelectOption(label=each[:100], value=str(number), default=each in locked)
            for number, each in enumerate(features)
        ] or [discord.SelectOption(label="Nothing", value="0")]
        self.locked_features.max_values = max(len(features), 1)
        self.locked_features.disabled = not features


class ProfileForm(Modal):
    """Form for a part of a profile."""

    def __init__(
        self, view: ProfileView, profile: CharacterProfile, fields: dict[str, str]
    ) -> None:
        super().__init__(title="How the character looks")
        self._view = view
        self.texts: dict[str, ui.TextInput[Self]] = {}
        for field, label in fields.items():
            current: Any = getattr(profile, field)
            self.texts[field] = text = ui.TextInput[Self](
                custom_id=field,
                style=TextStyle.long if field in _MULTILINE else TextStyle.short,
                required=False,
                default=("\n".join(current) if field in _MULTILINE else current) or None,
                max_length=1000 if field in _MULTILINE else 200,
            )
            self.ask(label, text)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        await self._view.save(
            interaction, {field: text.value for field, text in self.texts.items()}
        )
