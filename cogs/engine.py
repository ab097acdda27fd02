"""`/engine`: what personalities do by themselves, for the owner of the bot."""

import asyncio
from collections.abc import Sequence
from typing import Literal

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.embeds.attachments import attachments
from bot.discord.embeds.boards import plan_embed, simulation_embed, status_embed, task_line
from bot.discord.embeds.engine_plots import plan_plot, status_plots
from bot.discord.embeds.plots import Plot
from bot.discord.ui import show_list
from cogs.options import PersonalityOption
from services.engine import ACTIONS, ActType, TaskStatus
from services.errors import BotOwnerOnly


@app_commands.default_permissions(manage_guild=True)
class Engine(
    commands.GroupCog, group_name="engine", group_description="What they do by themselves"
):
    """Engine: what personalities do by themselves, and how to stop it."""

    def __init__(self, bot: Bot) -> None:
        self._engine = bot.services.engine
        self._boards = bot.services.boards

    @app_commands.command()
    @app_commands.describe(days="How many days back")
    async def status(
        self, interaction: Interaction, days: app_commands.Range[int, 1, 90] = 1
    ) -> None:
        """Show what was done, what is waiting and what it cost."""
        await self._check(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        status = await self._engine.status(days=days)
        budgets = await self._engine.budgets()
        daily = sum(each.board.daily_budget_usd for each in budgets)
        plots = await asyncio.to_thread(status_plots, status, daily_budget_usd=daily)
        await _send_plots(interaction, status_embed(status, daily_budget_usd=daily), plots)

    @app_commands.command()
    async def plan(self, interaction: Interaction) -> None:
        """Show planned acts, and when personalities will be online."""
        await self._check(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        plan = await self._engine.plan()
        plot = await asyncio.to_thread(plan_plot, plan)
        await _send_plots(interaction, plan_embed(plan), [plot])

    @app_commands.command()
    @app_commands.describe(status="Only tasks with this status")
    async def tasks(
        self,
        interaction: Interaction,
        status: Literal["PENDING", "RUNNING", "DONE", "FAILED", "SKIPPED"] | None = None,
    ) -> None:
        """Show the engine's tasks, the latest first."""
        await self._check(interaction)
        tasks = await self._engine.tasks(status=TaskStatus(status) if status else None)
        await show_list(interaction, title="Tasks", lines=[task_line(each) for each in tasks])

    @app_commands.command()
    @app_commands.choices(act=[Choice(name=kind, value=kind) for kind in ACTIONS])
    @app_commands.describe(act="What to do", personality="Who should do it, on this board")
    async def trigger(
        self,
        interaction: Interaction,
        act: str,
        personality: PersonalityOption,
    ) -> None:
        """Let a personality do something on this board now."""
        await self._check(interaction)
        details = await self._boards.get(to_channel(interaction.channel, interaction.guild))
        task = await self._engine.trigger(
            await interaction_actor(interaction),
            ActType(act),
            personality=personality,
            board=details.board,
        )
        name = discord.utils.escape_markdown(personality.name)
        text = (
            f"**{name}** is about to do that: {act}, task `{task.id}`. "
            "`/engine tasks` shows the result."
        )
        await interaction.response.send_message(text, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(days="How many days pass", personalities="How many there are")
    async def simulate(
        self,
        interaction: Interaction,
        days: app_commands.Range[int, 1, 90] = 30,
        personalities: app_commands.Range[int, 1, 25] = 12,
    ) -> None:
        """Simulate weeks in memory, and measure the rhythm."""
        await self._check(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        simulated = await self._engine.simulate(days=days, personalities=personalities)
        await interaction.followup.send(embed=simulation_embed(simulated), ephemeral=True)

    @app_commands.command()
    async def pause(self, interaction: Interaction) -> None:
        """Stop all that personalities do by themselves, at once."""
        await self._engine.pause(await interaction_actor(interaction))
        await interaction.response.send_message(
            "The engine is paused: nobody does or says anything by themselves until `/engine "
            "resume`. Who is called still answers; `/server settings` and `/block` stop that."
        )

    @app_commands.command()
    async def resume(self, interaction: Interaction) -> None:
        """Resume the engine."""
        await self._engine.resume(await interaction_actor(interaction))
        await interaction.response.send_message(
            "The engine is running again. What is long overdue is skipped."
        )

    @app_commands.command()
    async def budget(self, interaction: Interaction) -> None:
        """Show what each board has spent of today's budget."""
        await self._check(interaction)
        budgets = await self._engine.budgets()
        lines = [
            f"<#{each.board.channel_id}> · ${each.spent_usd:.4f} of "
            f"${each.board.daily_budget_usd:.2f} · {each.acts} of {each.board.acts_per_day} acts"
            for each in budgets
        ]
        await show_list(interaction, title="Budgets of today (UTC)", lines=lines)

    async def _check(self, interaction: Interaction) -> None:
        if not (await interaction_actor(interaction)).is_bot_owner:
            raise BotOwnerOnly


async def _send_plots(
    interaction: Interaction, embed: discord.Embed, plots: Sequence[Plot]
) -> None:
    """Answer with an embed and plots, visible only to who asked."""
    embeds, files = attachments(embed, plots)
    await interaction.followup.send(embeds=embeds, files=files, ephemeral=True)


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Engine(bot))
