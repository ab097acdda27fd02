"""What is known of a character's looks, changed in forms and by toggles."""

from typing import Any, Self

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.embeds.characters import profile_embed
from bot.discord.ui import AnyInteraction, Modal, View
from services.characters import Character, CharacterProfile, GalleryService
from services.types import Actor

_LOOKS = {"hair": "Hair", "eyes": "Eyes", "skin": "Skin", "face": "Face", "build": "Build"}
_WEARS = {
    "clothing": "Wears",
    "accessories": "With (one a line)",
    "color_palette": "Palette (one a line)",
    "features": "Known by (one a line)",
}
_LONG = {"accessories", "color_palette", "features"}


class ProfileView(View):
    """Buttons to change a profile, and a menu of what must not change."""

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
        self._set_up()

    @ui.select(placeholder="🔒 What every picture keeps", min_values=0, row=0)
    async def kept(self, interaction: AnyInteraction, menu: ui.Select[Self]) -> None:
        """Settle what no picture may change."""
        features = self._profile.features
        chosen = [features[int(value)] for value in menu.values]
        await self.show(
            interaction,
            await self._galleries.set_fixed_features(self._actor, self._character.id, chosen),
        )

    @ui.button(label="Edit looks", style=discord.ButtonStyle.secondary, row=1)
    async def looks(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Change what the person is like."""
        await interaction.response.send_modal(ProfileForm(self, self._profile, _LOOKS))

    @ui.button(label="Edit what it wears", style=discord.ButtonStyle.secondary, row=1)
    async def wears(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Change what the person wears, and is known by."""
        await interaction.response.send_modal(ProfileForm(self, self._profile, _WEARS))

    async def change(self, interaction: AnyInteraction, texts: dict[str, str]) -> None:
        """Keep what somebody wrote in a form."""
        changed = await self._galleries.update_profile(self._actor, self._character.id, texts)
        await self.show(interaction, changed)

    async def show(self, interaction: AnyInteraction, profile: CharacterProfile) -> None:
        """Show a profile instead of what was shown."""
        self._profile = profile
        self._set_up()
        embed = profile_embed(self._character, profile)
        await interaction.response.edit_message(embed=embed, view=self)

    def _set_up(self) -> None:
        kept = set(self._profile.do_not_change)
        features = self._profile.features
        self.kept.options = [
            discord.SelectOption(label=each[:100], value=str(number), default=each in kept)
            for number, each in enumerate(features)
        ] or [discord.SelectOption(label="Nothing", value="0")]
        self.kept.max_values = max(len(features), 1)
        self.kept.disabled = not features


class ProfileForm(Modal):
    """Asks for a part of a profile."""

    def __init__(
        self, view: ProfileView, profile: CharacterProfile, fields: dict[str, str]
    ) -> None:
        super().__init__(title="How the character looks")
        self._view = view
        self.texts: dict[str, ui.TextInput[Self]] = {}
        for field, label in fields.items():
            now: Any = getattr(profile, field)
            self.texts[field] = text = ui.TextInput[Self](
                custom_id=field,
                style=TextStyle.long if field in _LONG else TextStyle.short,
                required=False,
                default=("\n".join(now) if field in _LONG else now) or None,
                max_length=1000 if field in _LONG else 200,
            )
            self.add_item(ui.Label(text=label, component=text))

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        await self._view.change(
            interaction, {field: text.value for field, text in self.texts.items()}
        )
