"""Buttons to resolve an unconfirmed post."""

from typing import ClassVar
from uuid import UUID

from discord import ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.embeds.posts import post_summary
from bot.discord.ui import ActionButton, AnyInteraction
from services.social import SocialService


class SettleButton(
    ActionButton, template=r"social:(?P<action>look|out|again):(?P<id>[0-9a-f-]{36})"
):
    """Resolves an unconfirmed post: search again, it is posted, or post it again."""

    prefix = "social"
    labels: ClassVar = {"look": "Look again", "out": "It is posted", "again": "Post it again"}

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        posts: SocialService = interaction.client.services.posts
        actor = await interaction_actor(interaction)
        if self.action == "look":
            details = await posts.recheck(actor, self.target_id)
        else:
            details = await posts.settle(actor, self.target_id, is_out=self.action == "out")
        await interaction.response.edit_message(content=post_summary(details), view=None)


def settle_view(post_id: UUID) -> ui.View:
    """Return the buttons to resolve an unconfirmed post."""
    view = ui.View(timeout=None)
    for way in SettleButton.labels:
        view.add_item(SettleButton(way, post_id))
    return view
