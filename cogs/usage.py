"""`/usage` and `/budget`: what was used, what may be used, and by whom."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.embeds.attachments import attachments
from bot.discord.embeds.usage_plots import daily_lines, usage_plot
from bot.discord.messages import escape
from bot.discord.ui import show_list
from services.access import (
    MAX_ANSWERS,
    MAX_USD,
    AmbiguousTarget,
    Budget,
    BudgetLimit,
    BudgetScope,
    BudgetStatus,
    Limits,
)
from services.llm import UsageReport, UsageRow
from services.texts import counted

Of: TypeAlias = Literal["mine", "this server", "everything"]
_OF_LIMITS: Mapping[Of, BudgetLimit] = {
    "mine": BudgetLimit.USER,
    "this server": BudgetLimit.SERVER,
    "everything": BudgetLimit.ALL,
}
_PERIODS = {"day": 1, "month": 30}
_BAR_LENGTH = 10
_EXEMPT = "-# What you use yourself, who run this bot, counts against none of them."
_LIMIT_NAMES = {
    BudgetLimit.ALL: "In all",
    BudgetLimit.SERVER: "This server",
    BudgetLimit.USER: "You",
}
_SCOPES = {
    "everything": BudgetScope.ALL,
    "each server": BudgetScope.EACH_SERVER,
    "each user": BudgetScope.EACH_USER,
}


class UsageCommands(commands.Cog):
    """Usage: what was used, and what may be used."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._usage = bot.services.usage
        self._budgets = bot.services.budgets

    @app_commands.command()
    @app_commands.describe(
        period="Since when",
        of="Yours, this server's for its moderators, everything for the owner of this bot",
    )
    async def usage(
        self,
        interaction: Interaction,
        period: Literal["day", "month"] = "day",
        of: Of = "mine",
    ) -> None:
        """Show what was used, by personality and model, and what is left of the budgets."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, days = await interaction_actor(interaction), _PERIODS[period]
        match of:
            case "mine":
                report = await self._usage.own(actor, days=days)
            case "this server":
                report = await self._usage.of_server(actor, interaction.guild_id or 0, days=days)
            case "everything":
                report = await self._usage.of_all(actor, days=days)
        budgets = await self._budgets.status(
            interaction.user.id if of == "mine" else None,
            None if of == "everything" else interaction.guild_id,
        )
        shown = [each for each in budgets if each.limit != BudgetLimit.ALL or actor.is_bot_owner]
        title = {"mine": "What you used", "this server": "What this server used"}.get(of, "Usage")
        embed = usage_embed(
            f"{title} ({period})",
            report,
            shown,
            self._server_name,
            reader_is_exempt=actor.is_bot_owner,
        )
        limit = next((each.limit_usd for each in shown if each.limit == _OF_LIMITS[of]), None)
        plot = await asyncio.to_thread(usage_plot, report.by_day, budget_usd=limit)
        embeds, files = attachments(embed, [plot])
        await interaction.followup.send(embeds=embeds, files=files, ephemeral=True)

    def _server_name(self, guild_id: int) -> str:
        guild = self._bot.get_guild(guild_id)
        return guild.name if guild else str(guild_id)


@app_commands.default_permissions(manage_guild=True)
class Budgets(commands.GroupCog, group_name="budget", group_description="What may be spent"):
    """Budgets: what may be spent in 24 hours."""

    def __init__(self, bot: Bot) -> None:
        self._budgets = bot.services.budgets

    @app_commands.command()
    async def show(self, interaction: Interaction) -> None:
        """Show the budgets that were set, and what is spent of the one in all."""
        await self._show(interaction)

    async def _show(self, interaction: Interaction) -> None:
        set_budgets = await self._budgets.list_budgets(await interaction_actor(interaction))
        in_all = await self._budgets.status()
        lines = [*map(_status_line, in_all), *map(_budget_line, set_budgets)]
        footer = "Without one of its own, a server has 40 % and a user 10 % of the budget in all."
        await show_list(interaction, title="Budgets of 24 hours", lines=lines, footer=footer)

    @app_commands.command(name="set")
    @app_commands.describe(
        scope="What it is for, if not for one server or user",
        server="The id of one server",
        user="One user",
        dollars="US dollars in 24 hours",
        answers="Answers in 24 hours",
    )
    async def set_(
        self,
        interaction: Interaction,
        scope: Literal["everything", "each server", "each user"] | None = None,
        server: str | None = None,
        user: discord.User | None = None,
        dollars: app_commands.Range[float, 0, MAX_USD] | None = None,
        answers: app_commands.Range[int, 0, MAX_ANSWERS] | None = None,
    ) -> None:
        """Set a budget; without dollars and answers, the default holds again."""
        chosen, scope_id = _scope_of(scope, server, user)
        limits = Limits(dollars, answers) if (dollars, answers) != (None, None) else None
        actor = await interaction_actor(interaction)
        await self._budgets.set(actor, chosen, scope_id, limits=limits)
        await self._show(interaction)


def _scope_of(
    scope: str | None, server: str | None, user: discord.User | discord.Member | None
) -> tuple[BudgetScope, int]:
    """Return what a budget is for.

    Raises:
        AmbiguousTarget: Nothing or several were given.
    """
    targets = [
        *([(_SCOPES[scope], 0)] if scope else []),
        *([(BudgetScope.USER, user.id)] if user else []),
    ]
    if server is not None and server.isdecimal() and 0 < int(server) < 2**63:
        targets.append((BudgetScope.SERVER, int(server)))
    if len(targets) != 1:
        raise AmbiguousTarget
    return targets[0]


def usage_embed(
    title: str,
    report: UsageReport,
    budgets: Sequence[BudgetStatus],
    server_name: Callable[[int], str],
    *,
    reader_is_exempt: bool,
) -> discord.Embed:
    """Return the embed of a report, with bars for shares of the cost, or of the calls."""
    own = (
        f" ({_dollars(report.own_keys_usd)} of it on keys that users have brought)"
        if report.own_keys_usd
        else ""
    )
    embed = discord.Embed(
        title=title,
        description=(
            f"**{_dollars(report.cost_usd)}**{own} · "
            f"{_calls(report.calls)} ({report.failed:,} failed), "
            f"{report.tokens_in:,} tokens read ({report.tokens_cached:,} cached), "
            f"{report.tokens_out:,} written"
        ),
    )
    servers = [
        UsageRow(
            name=server_name(each.id) if each.id else None,
            calls=each.calls,
            cost_usd=each.cost_usd,
        )
        for each in report.servers
    ]
    for name, rows in (
        ("By personality", report.personalities),
        ("By model", report.models),
        ("By purpose", report.purposes if len(report.purposes) > 1 else ()),
        ("By user", report.users),
        ("By server", servers),
    ):
        if rows:
            value = "\n".join(_usage_line(each, report) for each in rows)
            embed.add_field(name=name, value=value[:1024], inline=False)
    if lines := daily_lines(report.by_day):
        embed.add_field(name="By day (UTC)", value=lines, inline=False)
    if report.total_usd is not None:
        embed.set_footer(text=f"Since the beginning: {_dollars(report.total_usd)}")
    if budgets:
        standing = [*map(_status_line, budgets), *([_EXEMPT] if reader_is_exempt else [])]
        embed.add_field(name="Budgets of 24 hours", value="\n".join(standing), inline=False)
    return embed


def _usage_line(row: UsageRow, report: UsageReport) -> str:
    share = row.cost_usd / report.cost_usd if report.cost_usd else row.calls / report.calls
    bar = "▰" * round(_BAR_LENGTH * share) + "▱" * (_BAR_LENGTH - round(_BAR_LENGTH * share))
    name = escape(row.name) if row.name else "*others*"
    return f"{bar} **{name[:60]}** · {_dollars(row.cost_usd)} · {_calls(row.calls)}"


def _dollars(usd: float) -> str:
    """Return an amount with cents, and their hundredths where there are no cents."""
    return f"${usd:,.2f}" if usd >= 1 or not usd else f"${usd:.4f}"


def _calls(count: int) -> str:
    return counted(count, "call")


def _status_line(status: BudgetStatus) -> str:
    dollars = _dollars(status.used_usd) + (
        "" if status.limit_usd is None else f" of {_dollars(status.limit_usd)}"
    )
    answers = _calls(status.used_answers) + (
        "" if status.limit_answers is None else f" of {status.limit_answers:,}"
    )
    return f"**{_LIMIT_NAMES[status.limit]}**: {dollars} · {answers}"


def _budget_line(budget: Budget) -> str:
    names = {BudgetScope.USER: f"<@{budget.scope_id}>", BudgetScope.SERVER: f"`{budget.scope_id}`"}
    scope = BudgetScope(budget.scope)
    name = {"all": "everything"}.get(scope, scope)
    limits = [
        *([f"${budget.usd:g}"] if budget.usd is not None else []),
        *([f"{budget.answers:,} answers"] if budget.answers is not None else []),
    ]
    source = "" if budget.set_by else " · the default of a new bot"
    return f"**{name}** {names.get(scope, '')}: {', '.join(limits)}{source}"


async def setup(bot: Bot) -> None:
    """Load the cogs."""
    await bot.add_cog(UsageCommands(bot))
    await bot.add_cog(Budgets(bot))
