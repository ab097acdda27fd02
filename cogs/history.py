"""`/history`: clear conversations, or undo the last exchange."""

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.ui import ActionView, AnyInteraction, confirm
from cogs.options import PersonalityOption
from services.chat import Cleared, HistoryService
from services.types import Channel


class History(
    commands.GroupCog, group_name="history", group_description="What was said in this channel"
):
    """History: what was said in a channel."""

    def __init__(self, bot: Bot) -> None:
        self._history = bot.services.history

    @app_commands.command()
    @app_commands.describe(
        personality="Only what was said with this one",
        everyones="Everyone's messages, not only yours (moderators)",
    )
    async def clear(
        self,
        interaction: Interaction,
        personality: PersonalityOption | None = None,
        everyones: bool = False,  # noqa: FBT001, FBT002 - discord.py's way to take an option
    ) -> None:
        """Start the conversation in this channel over. Memories are kept."""
        channel = to_channel(interaction.channel, interaction.guild)

        async def clear(pressed: AnyInteraction) -> None:
            cleared = await self._history.clear(
                await interaction_actor(pressed),
                channel,
                personality_id=personality.id if personality else None,
                for_everyone=everyones,
            )
            view = take_back_view(
                pressed.user.id, self._history, channel, cleared, for_everyone=everyones
            )
            await pressed.response.edit_message(content=cleared_text(cleared), view=view)
            if view is not None:
                view.message = await pressed.original_response()

        await confirm(interaction, "Start this conversation over?", label="Start over", do=clear)

    @app_commands.command()
    async def undo(self, interaction: Interaction) -> None:
        """Take your last message here and its answer out of the conversation."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel = to_channel(interaction.channel, interaction.guild)
        name = await self._history.undo(await interaction_actor(interaction), channel)
        await interaction.followup.send(
            f"That is undone: {name} knows neither your message nor the answer.", ephemeral=True
        )


def cleared_text(cleared: Cleared) -> str:
    """Return what has happened to a conversation."""
    return (
        f"{cleared.count} lines are no longer read, and are deleted within a day. The messages "
        "stay on Discord."
    )


def take_back_view(
    user_id: int, history: HistoryService, channel: Channel, cleared: Cleared, *, for_everyone: bool
) -> ActionView | None:
    """Return a button that brings a conversation back; None if there was none."""
    at = cleared.at
    if at is None:
        return None

    async def take_back(pressed: AnyInteraction) -> None:
        count = await history.take_back(
            await interaction_actor(pressed), channel, at, for_everyone=for_everyone
        )
        text = f"Taken back: {count} lines are read again."
        await pressed.response.edit_message(content=text, view=None)

    return ActionView(user_id, label="Take back", do=take_back)


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(History(bot))
