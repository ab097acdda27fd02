"""`/discover`: the public catalogue of personalities."""

import re
from typing import Self
from uuid import UUID

from discord import app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, is_age_restricted
from bot.discord.embeds.publishing import listing_embed
from bot.discord.ui import AnyInteraction, PersistentButton
from cogs.catalogue import CatalogueView
from cogs.options import PublicOption, TagOption
from services.publishing import Listing


class LikeButton(PersistentButton, template=r"like:(?P<id>[0-9a-f-]{36})"):
    """Likes the personality above it, or takes the like back."""

    def __init__(self, personality_id: UUID) -> None:
        super().__init__(ui.Button(emoji="♥", label="Like", custom_id=f"like:{personality_id}"))
        self._personality_id = personality_id

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(UUID(match["id"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        listing = await interaction.client.services.publishing.toggle_like(
            await interaction_actor(interaction),
            self._personality_id,
            age_restricted=is_age_restricted(interaction),
        )
        await interaction.response.edit_message(embed=listing_embed(listing))


class Discover(
    commands.GroupCog, group_name="discover", group_description="Personalities for everyone"
):
    """Discover: what others have published."""

    def __init__(self, bot: Bot) -> None:
        self._publishing = bot.services.publishing

    @app_commands.command()
    @app_commands.describe(tag="Only personalities with this tag")
    async def browse(self, interaction: Interaction, tag: TagOption | None = None) -> None:
        """Show public personalities, the most liked first."""
        await CatalogueView(interaction, tag=tag).open(interaction)

    @app_commands.command()
    @app_commands.describe(words="Words of the name, the headline or the tags")
    async def search(
        self, interaction: Interaction, words: app_commands.Range[str, 1, 100]
    ) -> None:
        """Find public personalities."""
        await CatalogueView(interaction, words=words).open(interaction)

    @app_commands.command()
    @app_commands.describe(personality="Which personality")
    async def view(self, interaction: Interaction, personality: PublicOption) -> None:
        """Show a public personality."""
        await _show(interaction, personality)

    @app_commands.command()
    @app_commands.describe(personality="Which personality")
    async def like(self, interaction: Interaction, personality: PublicOption) -> None:
        """Like a public personality, or take your like back."""
        listing = await self._publishing.toggle_like(
            await interaction_actor(interaction),
            personality.personality.id,
            age_restricted=is_age_restricted(interaction),
        )
        await _show(interaction, listing)


async def _show(interaction: Interaction, listing: Listing) -> None:
    view = ui.View(timeout=None).add_item(LikeButton(listing.personality.id))
    await interaction.response.send_message(embed=listing_embed(listing), view=view, ephemeral=True)


async def setup(bot: Bot) -> None:
    """Load the cog and register its persistent buttons."""
    bot.add_dynamic_items(LikeButton)
    await bot.add_cog(Discover(bot))
