"""`/block`: who and what gets no answers."""

from datetime import timedelta
from typing import Literal, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_actor
from bot.discord.messages import escape, timestamp
from bot.discord.ui import show_list
from cogs.options import PersonalityOption
from services.access import AmbiguousTarget, BlockLevel, BlockTarget, ListedBlock, Target
from services.personalities import Personality

Where: TypeAlias = Literal["this server", "my personalities", "everywhere"]
Duration: TypeAlias = Literal["an hour", "a day", "a week", "a month", "for ever"]
_LEVELS = {
    "this server": BlockLevel.SERVER,
    "my personalities": BlockLevel.MAKER,
    "everywhere": BlockLevel.OPERATOR,
}
_DURATIONS = {
    "an hour": timedelta(hours=1),
    "a day": timedelta(days=1),
    "a week": timedelta(days=7),
    "a month": timedelta(days=30),
    "for ever": None,
}
_LEVEL_NAMES = {
    BlockLevel.SERVER: "in this server",
    BlockLevel.MAKER: "by the personalities of one maker",
    BlockLevel.OPERATOR: "everywhere",
}
_MENTIONS = {BlockTarget.USER: "<@{}>", BlockTarget.ROLE: "<@&{}>", BlockTarget.CHANNEL: "<#{}>"}


class Blocks(commands.GroupCog, group_name="block", group_description="Who gets no answers"):
    """Blocks: who and what gets no answers."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._blocks = bot.services.blocks

    @app_commands.command()
    @app_commands.describe(
        where="Whose rule it is: the server's, yours as a maker, or the whole bot's",
        user="Who gets no answers",
        role="Whose members get no answers",
        channel="Where nobody gets answers",
        personality="Which one gives no answers here",
        server="The id of a server that gets no answers",
        mute="Mute: no answers, but what they say is still read",
        duration="How long",
        note="Why, for you and other moderators",
    )
    async def add(
        self,
        interaction: Interaction,
        where: Where,
        user: discord.User | None = None,
        role: discord.Role | None = None,
        channel: discord.abc.GuildChannel | None = None,
        personality: PersonalityOption | None = None,
        server: str | None = None,
        mute: bool = False,  # noqa: FBT001, FBT002 - discord.py's way to take an option
        duration: Duration = "for ever",
        note: str | None = None,
    ) -> None:
        """Block or mute somebody or something."""
        block = await self._blocks.add(
            await interaction_actor(interaction),
            _LEVELS[where],
            target_of(user, role, channel, personality, server),
            guild_id=interaction.guild_id,
            protected=await self._protected(interaction, user, where),
            is_mute=mute,
            duration=_DURATIONS[duration],
            note=note,
        )
        listed = ListedBlock(block=block, personality=personality.name if personality else None)
        await interaction.response.send_message(block_line(listed), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(
        where="Whose rule it is: the server's, yours as a maker, or the whole bot's",
        user="Who is blocked",
        role="Which role is blocked",
        channel="Which channel is blocked",
        personality="Which personality is blocked",
        server="The id of the server that is blocked",
    )
    async def remove(
        self,
        interaction: Interaction,
        where: Where,
        user: discord.User | None = None,
        role: discord.Role | None = None,
        channel: discord.abc.GuildChannel | None = None,
        personality: PersonalityOption | None = None,
        server: str | None = None,
    ) -> None:
        """Lift a block."""
        target = target_of(user, role, channel, personality, server)
        await self._blocks.remove(
            await interaction_actor(interaction),
            _LEVELS[where],
            target,
            guild_id=interaction.guild_id,
        )
        await interaction.response.send_message(
            f"**{escape(target.name)}** is not blocked any more.", ephemeral=True
        )

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show your blocks, those of this server if you moderate it, and those against you."""
        actor = await interaction_actor(interaction)
        listed = await self._blocks.list_blocks(actor, guild_id=interaction.guild_id)
        lines = [
            block_line(each, with_note=each.block.target_id != interaction.user.id)
            for each in listed
        ]
        await show_list(interaction, title="Blocks", lines=lines, empty="`/block add` adds one.")

    async def _protected(
        self, interaction: Interaction, user: discord.User | discord.Member | None, where: Where
    ) -> set[int]:
        """Return the user, if nobody may block them here."""
        if user is None:
            return set()
        is_moderator = (
            where == "this server"
            and to_actor(user).moderates_server
            and interaction.guild is not None
            and interaction.guild.owner_id != interaction.user.id
        )
        return {user.id} if is_moderator or await self._bot.is_owner(user) else set()


def target_of(
    user: discord.User | discord.Member | None,
    role: discord.Role | None,
    channel: discord.abc.GuildChannel | None,
    personality: Personality | None,
    server: str | None,
) -> Target:
    """Return what is blocked: the one that was given.

    Raises:
        AmbiguousTarget: None was given, or several, or the id of a server is no number.
    """
    targets = [
        *([Target(kind=BlockTarget.USER, name=user.name, id=user.id)] if user else []),
        *([Target(kind=BlockTarget.ROLE, name=role.name, id=role.id)] if role else []),
        *([Target(kind=BlockTarget.CHANNEL, name=channel.name, id=channel.id)] if channel else []),
    ]
    if personality is not None:
        kind, id_ = BlockTarget.PERSONALITY, personality.id
        targets.append(Target(kind=kind, name=personality.name, personality_id=id_))
    if server is not None and server.isdecimal() and len(server) < 20:  # noqa: PLR2004 - an id
        targets.append(Target(kind=BlockTarget.SERVER, name=server, id=int(server)))
    if len(targets) != 1:
        raise AmbiguousTarget
    return targets[0]


def block_line(listed: ListedBlock, *, with_note: bool = True) -> str:
    """Return a line about a block."""
    block = listed.block
    pattern = _MENTIONS.get(BlockTarget(block.target), f"{block.target} `{{}}`")
    what = (
        f"**{escape(listed.personality)}**"
        if listed.personality
        else pattern.format(block.target_id)
    )
    kind = "muted" if block.is_mute else "blocked"
    until = f" until {timestamp(block.ends_at)}" if block.ends_at else ""
    note = f" · {escape(block.note)}" if block.note and with_note else ""
    return f"{what} is {kind} {_LEVEL_NAMES[BlockLevel(block.level)]}{until}{note}"


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Blocks(bot))
