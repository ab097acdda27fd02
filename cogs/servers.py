"""`/server`: what moderators allow in their server."""

from collections.abc import Sequence
from typing import Any, Literal

import discord
from discord import app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Pager, confirm
from cogs.options import ZoneOption
from cogs.tools import ServerToolsForm
from services.access import (
    MAX_ANSWERS_PER_HOUR,
    Bringers,
    ChannelMode,
    Resident,
    ServerPolicy,
    ServerService,
    SpokenAnswers,
    VoiceMessages,
)
from services.errors import ModeratorsOnly
from services.texts import on_one_line, shorten
from services.time_zones import time_zone_label

_PAGE = 10
_BRINGERS = {
    Bringers.EVERYONE: "every maker, for themselves, or for everyone with `/personality bring`",
    Bringers.MODERATORS: "moderators only",
    Bringers.NOBODY: "nobody",
}
_CHANNELS = {
    ChannelMode.ALL: "in every channel",
    ChannelMode.ONLY: "only in {}",
    ChannelMode.EXCEPT: "everywhere except in {}",
}


_VOICE_MESSAGES = {
    VoiceMessages.OFF: "not heard",
    VoiceMessages.HEARD: "heard",
    VoiceMessages.QUOTED: "heard, and shown in writing",
}
_SPOKEN_ANSWERS = {
    SpokenAnswers.OFF: "no",
    SpokenAnswers.FILE: "as a file of the answer",
    SpokenAnswers.VOICE_MESSAGE: "as my voice message",
}


@app_commands.guild_only()
@app_commands.default_permissions(manage_messages=True)
class Servers(commands.GroupCog, group_name="server", group_description="What may speak here"):
    """Servers: what moderators allow to speak in theirs."""

    def __init__(self, bot: Bot) -> None:
        self._servers = bot.services.servers
        self._retention = bot.services.retention
        self._toolbox = bot.services.toolbox
        self._chat = bot.services.chat
        self._discord = bot.services.chat_adapter

    @app_commands.command()
    @app_commands.describe(
        bring="Who may bring personalities into this server",
        channels="Where personalities speak: everywhere, or by the list of channels",
        add_channel="A channel for the list",
        remove_channel="A channel to take off the list",
        public="Whether published personalities can be called without being brought",
        age_restricted="Whether age-restricted ones may speak in age-restricted channels",
        memories="Whether what is said here is remembered",
        streaming="Whether answers are shown while they are written",
        voice_messages="Whether voice messages to personalities are heard, and shown in writing",
        spoken_answers="How answers of personalities that speak are sent",
        time_zone="By which clock days begin here, like Europe/Berlin",
        answers_per_hour="How many answers a channel gets an hour at most; 0 is no limit",
    )
    async def settings(
        self,
        interaction: Interaction,
        bring: Literal["everyone", "moderators", "nobody"] | None = None,
        channels: Literal["all", "only", "except"] | None = None,
        add_channel: discord.abc.GuildChannel | None = None,
        remove_channel: discord.abc.GuildChannel | None = None,
        public: bool | None = None,  # noqa: FBT001 - discord.py's way to take an option
        age_restricted: bool | None = None,  # noqa: FBT001
        memories: bool | None = None,  # noqa: FBT001
        streaming: bool | None = None,  # noqa: FBT001
        voice_messages: Literal["off", "heard", "quoted"] | None = None,
        spoken_answers: Literal["off", "file", "voice message"] | None = None,
        time_zone: ZoneOption | None = None,
        answers_per_hour: app_commands.Range[int, 0, MAX_ANSWERS_PER_HOUR] | None = None,
    ) -> None:
        """Show or change what is allowed in this server."""
        policy = await self._servers.change(
            await interaction_actor(interaction),
            interaction.guild_id or 0,
            bring=Bringers(bring) if bring else None,
            channel_mode=ChannelMode(channels) if channels else None,
            add_channel=add_channel.id if add_channel else None,
            remove_channel=remove_channel.id if remove_channel else None,
            allows_public=public,
            allows_age_restricted=age_restricted,
            keeps_memories=memories,
            streams_answers=streaming,
            voice_messages=VoiceMessages(voice_messages) if voice_messages else None,
            spoken_answers=SpokenAnswers(spoken_answers) if spoken_answers else None,
            time_zone=time_zone,
            answers_per_hour=answers_per_hour,
        )
        reads_automod = self._discord.reads_automod(policy.guild_id)
        embed = policy_embed(policy, reads_automod=reads_automod)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command()
    async def personalities(self, interaction: Interaction) -> None:
        """Show who was let into this server and by whom, and send some away."""
        if not (await interaction_actor(interaction)).moderates_server:
            raise ModeratorsOnly
        await interaction.response.defer(ephemeral=True, thinking=True)
        pager = ResidentPager(interaction.user.id, self._servers, interaction.guild_id or 0)
        await pager.open(interaction)

    @app_commands.command()
    async def tools(self, interaction: Interaction) -> None:
        """Choose what personalities may do here besides talking."""
        if not (await interaction_actor(interaction)).moderates_server:
            raise ModeratorsOnly
        guild_id = interaction.guild_id or 0
        policy = await self._servers.policy(guild_id)
        form = ServerToolsForm(self._servers, guild_id, self._toolbox, policy.forbidden_tools)
        await interaction.response.send_modal(form)

    @app_commands.command()
    async def forget(self, interaction: Interaction) -> None:
        """Delete what was said in this server, and what personalities remember of it."""
        if not (await interaction_actor(interaction)).manages_server:
            raise ModeratorsOnly("Manage Server")

        async def forget(pressed: AnyInteraction) -> None:
            guild_id = pressed.guild_id or 0
            await pressed.response.defer()
            self._chat.forget_server(guild_id)
            count = await self._retention.forget_server(await interaction_actor(pressed), guild_id)
            self._chat.forget_server(guild_id)
            await pressed.edit_original_response(
                content=f"{count:,} records are deleted. Messages stay on Discord.", view=None
            )

        question = (
            "Delete all conversations, memories and board posts of this server? Nobody can take "
            "this back. What is allowed here, and who was let in, stays."
        )
        await confirm(interaction, question, label="Forget this server", do=forget)


class ResidentPager(Pager):
    """The personalities that were let into a server; one at a time is sent away."""

    def __init__(self, user_id: int, servers: ServerService, guild_id: int) -> None:
        super().__init__(user_id)
        self._servers, self._guild_id = servers, guild_id
        self._count = 0
        self._menu = _SendAwayMenu(servers, guild_id)

    @property
    @override
    def page_count(self) -> int:
        return max(1, -(-self._count // _PAGE))

    @override
    async def render(self) -> dict[str, Any]:
        residents = await self._servers.residents(self._guild_id)
        self._count = len(residents)
        self.page = min(self.page, self.page_count - 1)
        shown = residents[self.page * _PAGE : (self.page + 1) * _PAGE]
        self.remove_item(self._menu)
        if shown:
            self._menu.offer(shown)
            self.add_item(self._menu)
        text = "\n".join(map(_resident_line, shown)) or (
            "*Nobody yet.* Those that came with me can be called everywhere."
        )
        embed = discord.Embed(title=f"Let into this server ({self._count})", description=text)
        return {"embed": embed}


class _SendAwayMenu(ui.Select[ResidentPager]):
    """Sends a personality away."""

    def __init__(self, servers: ServerService, guild_id: int) -> None:
        super().__init__(placeholder="Send away…", custom_id="send away", row=0)
        self._servers, self._guild_id = servers, guild_id
        self._residents: dict[str, Resident] = {}

    def offer(self, residents: Sequence[Resident]) -> None:
        """Offer these."""
        self._residents = {str(each.personality.id): each for each in residents}
        self.options = [
            discord.SelectOption(label=on_one_line(each.personality.name)[:100], value=value)
            for value, each in self._residents.items()
        ]

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        chosen = self._residents[self.values[0]]
        await self._servers.send_away(
            await interaction_actor(interaction), self._guild_id, chosen.personality.id
        )
        if self.view is not None:
            await self.view.turn(interaction)


def policy_embed(policy: ServerPolicy, *, reads_automod: bool) -> discord.Embed:
    """Return the embed that shows the policy of a server."""
    channels = ", ".join(f"<#{each}>" for each in policy.channel_ids) or "none of the list"
    embed = discord.Embed(title="What is allowed in this server")
    embed.add_field(
        name="Who may bring personalities", value=_BRINGERS[Bringers(policy.bring)], inline=False
    )
    embed.add_field(
        name="Where they speak",
        value=shorten(_CHANNELS[ChannelMode(policy.channel_mode)].format(channels), 1000),
        inline=False,
    )
    for name, is_allowed in (
        ("Published ones", policy.allows_public),
        ("Age-restricted ones", policy.allows_age_restricted),
        ("Memories of what is said here", policy.keeps_memories),
        ("Answers shown as they are written", policy.streams_answers),
    ):
        embed.add_field(name=name, value="yes" if is_allowed else "no")
    embed.add_field(
        name="Voice messages to them", value=_VOICE_MESSAGES[VoiceMessages(policy.voice_messages)]
    )
    embed.add_field(
        name="Spoken answers", value=_SPOKEN_ANSWERS[SpokenAnswers(policy.spoken_answers)]
    )
    zone = time_zone_label(policy.time_zone) if policy.time_zone else "each person's own"
    embed.add_field(name="Clock", value=zone)
    limit = f"{policy.answers_per_hour:,}" if policy.answers_per_hour else "no limit"
    embed.add_field(name="Answers an hour in a channel", value=limit)
    embed.add_field(
        name="AutoMod",
        value=(
            "No personality says what its keyword rules block."
            if reads_automod
            else "I cannot read its keyword rules: that takes the permission Manage Server."
        ),
        inline=False,
    )
    embed.set_footer(text="/block keeps somebody or something out · /server personalities")
    return embed


def _resident_line(resident: Resident) -> str:
    name = discord.utils.escape_markdown(resident.personality.name)
    maker = f" · made by <@{resident.maker_id}>" if resident.maker_id else ""
    admitted = f" · brought by <@{resident.admitted_by}>" if resident.admitted_by else ""
    return f"**{name}**{maker}{admitted}"


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Servers(bot))
