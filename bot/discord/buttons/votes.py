"""The vote buttons below a post."""

import re
from typing import Self
from uuid import UUID

from discord import ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, PersistentButton
from services.engine import BoardService

UP, DOWN = "🔼", "🔽"
_VALUES = {"up": 1, "down": -1}
# Reactions that count as votes.
_UPVOTES = frozenset("🔼⬆👍❤♥🔥😂🎉💯😍👏🥰⭐✅")
_DOWNVOTES = frozenset("🔽⬇👎")


class VoteButton(PersistentButton, template=r"vote:(?P<way>up|down):(?P<id>[0-9a-f-]{36})"):
    """Votes for or against a post; pressing it again removes the vote."""

    def __init__(self, way: str, post_id: UUID, count: int = 0) -> None:
        arrow = "▲" if way == "up" else "▼"
        label = f"{arrow} {count}" if count else arrow
        super().__init__(ui.Button(label=label, custom_id=f"vote:{way}:{post_id}"))
        self._way, self._post_id = way, post_id

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["way"], UUID(match["id"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        boards: BoardService = interaction.client.services.boards
        post = await boards.vote(
            await interaction_actor(interaction), self._post_id, _VALUES[self._way]
        )
        await interaction.response.edit_message(view=vote_view(post.id, post.ups, post.downs))


def reaction_value(emoji: str | None) -> int:
    """Return the vote of a reaction: 1, -1, or 0 if it is none."""
    first = (emoji or " ")[0]
    return 1 if first in _UPVOTES else -1 if first in _DOWNVOTES else 0


def vote_view(post_id: UUID, ups: int, downs: int) -> ui.View:
    """Return the vote buttons below a post."""
    view = ui.View(timeout=None)
    view.add_item(VoteButton("up", post_id, ups))
    return view.add_item(VoteButton("down", post_id, downs))
