"""Embeds and texts for boards and the engine: settings, forecasts, status, plan."""

from collections.abc import Sequence

import discord

from bot.discord.embeds.engine_summary import busiest_hour, costs_by_day, counts_by_name
from bot.discord.embeds.plots import MAX_ROWS
from services.engine import (
    ACTIONS,
    BoardDetails,
    BoardKind,
    EngineStatus,
    Forecast,
    Post,
    SimulationSummary,
    TaskEntry,
    TaskStatus,
    UpcomingPlan,
)
from services.texts import counted, shorten
from services.time_zones import time_zone_label

_KINDS = {
    BoardKind.STAGE: "stage: they post and talk among themselves",
    BoardKind.GUEST: "guest: they only join what people start",
}
_MAX_DAYS = 7
_MARKS = {
    TaskStatus.PENDING: "🕓",
    TaskStatus.RUNNING: "⏳",
    TaskStatus.DONE: "✅",
    TaskStatus.FAILED: "❌",
    TaskStatus.SKIPPED: "⏭",
}


def member_names(details: BoardDetails) -> str:
    """Return the names of the personalities on a board."""
    return ", ".join(discord.utils.escape_markdown(each.name) for each in details.members)


def forecast_text(forecast: Forecast) -> str:
    """Return the forecast for a day on a board, in a sentence."""
    cost = _money(forecast.cost_usd)
    tokens = f"{forecast.tokens_in + forecast.tokens_out:,} tokens"
    return (
        f"On an average day that is about **{counted(round(forecast.acts), 'act')}**, "
        f"{forecast.messages:.0f} of them messages, {tokens} of `{forecast.model or 'no model'}`, "
        f"**{cost}**."
    )


def board_embed(details: BoardDetails) -> discord.Embed:
    """Return a board's settings."""
    board = details.board
    embed = discord.Embed(title="Board", description=f"<#{board.channel_id}>")
    embed.add_field(name="Kind", value=_KINDS[BoardKind(board.kind)], inline=False)
    escaped = discord.utils.escape_markdown
    embed.add_field(name="Topic", value=escaped(board.topic) or "anything", inline=False)
    embed.add_field(name="Tone", value=escaped(board.tone) or "their own", inline=False)
    embed.add_field(name="Who may act", value=shorten(member_names(details), 1000), inline=False)
    quiet = "never"
    if board.quiet_from is not None and board.quiet_until is not None:
        zone = time_zone_label(board.time_zone)
        quiet = f"{board.quiet_from:%H:%M}-{board.quiet_until:%H:%M} {zone}"
    embed.add_field(name="Quiet hours", value=quiet)
    embed.add_field(name="Acts a day", value=f"at most {board.acts_per_day}")
    embed.add_field(name="Budget a day", value=f"${board.daily_budget_usd:.2f}")
    votes = "decided by the model" if board.model_votes else "by affinity and mood"
    embed.add_field(name="Votes", value=votes)
    return embed


def board_line(details: BoardDetails) -> str:
    """Return a board on one line."""
    board = details.board
    names = shorten(member_names(details), 120)
    return f"<#{board.channel_id}> · {board.kind} · {names} · ${board.daily_budget_usd:.2f} a day"


def post_line(post: Post, *, guild_id: int, channel_id: int) -> str:
    """Return a post with its votes, linked."""
    first = post.discord_message_ids[0] if post.discord_message_ids else channel_id
    link = f"https://discord.com/channels/{guild_id}/{channel_id}/{first}"
    text = discord.utils.escape_markdown(shorten(" ".join(post.content.split()), 90))
    name = discord.utils.escape_markdown(post.author_name)
    return f"**{post.ups - post.downs:+d}** · {name}: {text} [↗]({link})"


def task_line(entry: TaskEntry) -> str:
    """Return a task on one line."""
    task = entry.task
    when = discord.utils.format_dt(task.scheduled_at, "R")
    name = discord.utils.escape_markdown(entry.name)
    reason = task.reason or task.error_message or ""
    suffix = f" · {shorten(reason, 150)}" if reason else ""
    cost = f" · {_money(task.cost_usd)}" if task.status == TaskStatus.DONE else ""
    return (
        f"{_MARKS[TaskStatus(task.status)]} {when} · **{name}** · {task.task_type} · "
        f"<#{entry.channel_id}>{cost}{suffix}"
    )


def status_embed(status: EngineStatus, *, daily_budget_usd: float = 0) -> discord.Embed:
    """Return what the engine has done, with the numbers that its plots show."""
    state = "running" if status.paused_at is None else "**paused**"
    boards = counted(status.boards, "board")
    waiting = counted(status.waiting, "act waits", "acts wait")
    embed = discord.Embed(
        title="The engine",
        description=f"{state} · {boards} · {waiting}\n"
        f"since {discord.utils.format_dt(status.since, 'f')}:",
    )
    done = [
        f"{action.label}: {status.counts.get((kind, TaskStatus.DONE), 0)}"
        for kind, action in ACTIONS.items()
    ]
    embed.add_field(name="Done", value="\n".join(done))
    skipped = sorted(status.reasons.items(), key=lambda each: -each[1])
    embed.add_field(
        name="Skipped", value="\n".join(f"{reason}: {n}" for reason, n in skipped) or "nothing"
    )
    failed = sum(n for (_, outcome), n in status.counts.items() if outcome == TaskStatus.FAILED)
    embed.add_field(
        name="Cost",
        value=f"{_money(status.cost_usd)}\n{status.tokens_in:,} tokens read\n"
        f"{status.tokens_out:,} written" + (f"\n{failed} failed" if failed else ""),
    )
    if status.done:
        _add_sums(embed, status, daily_budget_usd)
    return embed


def _add_sums(embed: discord.Embed, status: EngineStatus, daily_budget_usd: float) -> None:
    """Add what the plots show."""
    acts = counted(len(status.done), "act")
    embed.add_field(name="When", value=f"{acts}, {busiest_hour(status.done)}")
    embed.add_field(name="Who", value=_name_lines(counts_by_name(status.done)), inline=False)
    costs = [(day, cost) for day, cost in costs_by_day(status).items() if cost]
    if costs:
        lines = [f"{day:%-d %b}: {_money(cost)}" for day, cost in costs[-_MAX_DAYS:]]
        if daily_budget_usd:
            lines.append(f"of {_money(daily_budget_usd)} for all boards")
        embed.add_field(name="Cost a day (UTC)", value="\n".join(lines))


def _name_lines(counts: Sequence[tuple[str, int]]) -> str:
    escaped = discord.utils.escape_markdown
    names = [f"**{escaped(name)}** {count:,}" for name, count in counts[:MAX_ROWS]]
    rest = len(counts) - len(names)
    return shorten(" · ".join([*names, *([f"and {rest} more"] if rest > 0 else [])]), 1024)


def simulation_embed(summary: SimulationSummary) -> discord.Embed:
    """Return what a simulation did, and figures of its rhythm."""
    lines = [f"{each.name}: **{each.value:.2f}** {each.unit}".rstrip() for each in summary.figures]
    if lines:
        lines.insert(0, "Of a personality in the middle (shares are from 0 to 1):")
    text = "\n".join(lines) or "*That is too little to measure; simulate more days.*"
    title = f"{counted(summary.acts, 'act')} of all in {counted(summary.days, 'day')}"
    return discord.Embed(title=title, description=text)


def plan_embed(plan: UpcomingPlan) -> discord.Embed:
    """Return the planned acts, and when personalities will be online, as the plot shows it."""
    embed = discord.Embed(title="The plan", description=plan_lines(plan.waiting))
    times = sorted((min(times), name, len(times)) for name, times in plan.moments.items() if times)
    lines = [
        f"**{discord.utils.escape_markdown(name)}**: {counted(count, 'time')}, "
        f"first {discord.utils.format_dt(at, 'R')}"
        for at, name, count in times[:MAX_ROWS]
    ]
    if (rest := len(times) - len(lines)) > 0:
        lines.append(f"-# and {rest} more")
    value = "\n".join(lines) or "Nobody will be online by themselves."
    embed.add_field(name="Online in the next 24 hours", value=shorten(value, 1024), inline=False)
    embed.set_footer(
        text="Times at which personalities will be online by themselves. What they do then is "
        "decided shortly before, and they also react to others."
    )
    return embed


def plan_lines(waiting: Sequence[TaskEntry]) -> str:
    """Return the first ten pending tasks."""
    lines = [task_line(each) for each in waiting[:10]]
    rest = len(waiting) - len(lines)
    more = [f"-# and {rest} more"] if rest > 0 else []
    return (
        "\n".join([*lines, *more])
        or "*No act is waiting: each is planned shortly before it is due.*"
    )


def _money(dollars: float | None) -> str:
    if dollars is None:
        return "an unknown price"
    return "free" if dollars == 0 else f"${dollars:.4f}"
