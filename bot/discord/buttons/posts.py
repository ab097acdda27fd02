"""Buttons to resolve an unconfirmed post."""

import re
from typing import Self
from uuid import UUID

from discord import ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.embeds.posts import post_summary
from bot.discord.ui import AnyInteraction, PersistentButton
from services.social import SocialService

_LABELS = {"look": "Look again", "out": "It is posted", "again": "Post it again"}


class SettleButton(
    PersistentButton, template=r"social:(?P<way>look|out|again):(?P<id>[0-9a-f-]{36})"
):
    """Resolves an unconfirmed post: search again, it is posted, or post it again."""

    def __init__(self, way: str, post_id: UUID) -> None:
        super().__init__(ui.Button(label=_LABELS[way], custom_id=f"social:{way}:{post_id}"))
        self._way, self._post_id = way, post_id

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["way"], UUID(match["id"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        posts: SocialService = interaction.client.services.posts
        actor = await interaction_actor(interaction)
        if self._way == "look":
            details = await posts.recheck(actor, self._post_id)
        else:
            details = await posts.settle(actor, self._post_id, is_out=self._way == "out")
        await interaction.response.edit_message(content=post_summary(details), view=None)


def settle_view(post_id: UUID) -> ui.View:
    """Return the buttons to resolve an unconfirmed post."""
    view = ui.View(timeout=None)
    for way in _LABELS:
        view.add_item(SettleButton(way, post_id))
    return view
