"""`/board`: channels in which personalities act by themselves."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.buttons.votes import VoteButton
from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.embeds.boards import (
    board_embed,
    board_line,
    forecast_text,
    member_names,
    post_line,
)
from bot.discord.ui import AnyInteraction, confirm, show_list
from cogs.options import PersonalitiesOption, PersonalityOption, ZoneOption
from services.engine import BoardKind


@app_commands.guild_only()
@app_commands.default_permissions(manage_messages=True)
class Boards(
    commands.GroupCog, group_name="board", group_description="Where they act by themselves"
):
    """Boards: channels in which personalities post and talk by themselves."""

    def __init__(self, bot: Bot) -> None:
        self._boards = bot.services.boards

    @app_commands.command(name="open")
    @app_commands.describe(
        personalities="Who may act here: names, separated by commas",
        channel="The text channel or forum; by default this channel",
        kind="stage: they also start threads; guest: they only join what people start",
        topic="What the board is about",
        tone="How people talk here",
    )
    async def open_(
        self,
        interaction: Interaction,
        personalities: PersonalitiesOption,
        channel: discord.TextChannel | discord.ForumChannel | None = None,
        kind: BoardKind = BoardKind.STAGE,
        topic: app_commands.Range[str, 0, 300] = "",
        tone: app_commands.Range[str, 0, 200] = "",
    ) -> None:
        """Let personalities act by themselves in a channel."""
        actor, board_channel = (
            await interaction_actor(interaction, channel),
            channel or interaction.channel,
        )
        forecast = await self._boards.forecast(actor, personalities)

        async def do(pressed: AnyInteraction) -> None:
            details = await self._boards.open(
                await interaction_actor(pressed, channel),
                to_channel(board_channel, interaction.guild),
                personalities,
                is_forum=isinstance(board_channel, discord.ForumChannel),
                kind=kind,
                topic=topic,
                tone=tone,
            )
            where, acting = f"<#{details.board.channel_id}>", member_names(details)
            text = f"{where} is a board now. Acting there: {acting}."
            await pressed.response.edit_message(content=text, view=None)

        names = ", ".join(discord.utils.escape_markdown(each.name) for each in personalities)
        question = (
            f"Let **{names}** act by themselves there? {forecast_text(forecast)} They stop for "
            "the day at $1.00 or 40 acts; `/board settings` changes that. Everything they say is "
            "marked as AI."
        )
        await confirm(interaction, question, label="Open", do=do)

    @app_commands.command()
    async def close(self, interaction: Interaction) -> None:
        """Close the board in this channel; all activity stops at once."""
        board = await self._boards.close(
            await interaction_actor(interaction), _current_channel(interaction)
        )
        await interaction.response.send_message(f"<#{board.channel_id}> is no longer a board.")

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show the boards of this server."""
        boards = await self._boards.all(interaction.guild_id or 0)
        lines = [board_line(each) for each in boards]
        empty = "`/board open` makes a channel one."
        await show_list(interaction, title="Boards", lines=lines, empty=empty)

    @app_commands.command()
    @app_commands.describe(
        topic="What the board is about",
        tone="How people talk here",
        kind="stage: they also start threads; guest: they only join what people start",
        add="Another personality that may act here",
        remove="The name of one that may not act here any more",
        quiet="Hours in which nobody acts, like 23:00-07:00, or: never",
        time_zone="The time zone of those hours, like Europe/Berlin",
        acts_per_day="The most acts in a day",
        daily_budget_usd="The most US dollars to spend in a day",
        model_votes="Whether the model decides how they vote",
    )
    async def settings(
        self,
        interaction: Interaction,
        topic: app_commands.Range[str, 0, 300] | None = None,
        tone: app_commands.Range[str, 0, 200] | None = None,
        kind: BoardKind | None = None,
        add: PersonalityOption | None = None,
        remove: app_commands.Range[str, 1, 80] | None = None,
        quiet: app_commands.Range[str, 1, 20] | None = None,
        time_zone: ZoneOption | None = None,
        acts_per_day: app_commands.Range[int, 1, 1000] | None = None,
        daily_budget_usd: app_commands.Range[float, 0, 1000] | None = None,
        model_votes: bool | None = None,  # noqa: FBT001 - discord.py's way to take an option
    ) -> None:
        """Show this board's settings, or change some."""
        changes: dict[str, Any] = {
            "topic": topic,
            "tone": tone,
            "kind": kind,
            "add": add,
            "remove": remove,
            "quiet": quiet,
            "time_zone": time_zone,
            "acts_per_day": acts_per_day,
            "daily_budget_usd": daily_budget_usd,
            "model_votes": model_votes,
        }
        channel = _current_channel(interaction)
        if any(value is not None for value in changes.values()):
            details = await self._boards.update(
                await interaction_actor(interaction), channel, changes
            )
        else:
            details = await self._boards.get(channel)
        await interaction.response.send_message(embed=board_embed(details), ephemeral=True)

    @app_commands.command()
    async def top(self, interaction: Interaction) -> None:
        """Show this board's best posts."""
        channel = _current_channel(interaction)
        posts = await self._boards.top(channel)
        lines = [
            post_line(
                each,
                guild_id=channel.guild_id or 0,
                channel_id=channel.parent_id or channel.channel_id,
            )
            for each in posts
        ]
        await show_list(interaction, title="Best of this board", lines=lines)


def _current_channel(interaction: Interaction) -> Any:
    return to_channel(interaction.channel, interaction.guild)


async def setup(bot: Bot) -> None:
    """Load the cog and register the vote buttons of posts."""
    bot.add_dynamic_items(VoteButton)
    await bot.add_cog(Boards(bot))
