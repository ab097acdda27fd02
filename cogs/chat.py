"""`/chat`: talk to a personality by command, and choose who answers DMs."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import from_interaction, interaction_actor, to_channel
from cogs.options import PersonalityOption
from services.texts import on_one_line


class Chat(commands.GroupCog, group_name="chat", group_description="Talk to a personality"):
    """Chat: talk to a personality."""

    def __init__(self, bot: Bot) -> None:
        self._channels = bot.services.channels
        self._chat = bot.services.chat
        self._greetings = bot.services.greetings

    @app_commands.command()
    @app_commands.describe(personality="Whom you talk to", message="What you say")
    async def say(
        self,
        interaction: Interaction,
        personality: PersonalityOption,
        message: app_commands.Range[str, 1, 1900],
    ) -> None:
        """Say something to a personality, anywhere."""
        await self._channels.check_may_talk(
            await interaction_actor(interaction),
            to_channel(interaction.channel, interaction.guild),
            personality.id,
        )
        await interaction.response.send_message(spoken_line(interaction.user, message))
        message_shown = await interaction.original_response()
        await self._chat.answer_command(
            from_interaction(interaction, message_shown, message), personality.id
        )

    @app_commands.command(name="with")
    @app_commands.describe(personality="Who should answer your DMs")
    async def with_(self, interaction: Interaction, personality: PersonalityOption) -> None:
        """Choose who answers your DMs."""
        await self._channels.set_dm_personality(await interaction_actor(interaction), personality)
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** answers your DMs from now on.",
            ephemeral=True,
        )
        if interaction.guild is None:
            channel = to_channel(interaction.channel, None)
            actor = await interaction_actor(interaction)
            await self._greetings.greet(actor, channel, personality.id)


def spoken_line(user: discord.User | discord.Member, message: str) -> str:
    """Return what somebody says through the bot, so that it can be mistaken for nobody else's.

    Further lines are quotations, and links show their addresses.
    """
    name = discord.utils.escape_markdown(on_one_line(user.display_name))
    first, *others = message.replace("](", "]\u200b(").splitlines() or [""]
    return "\n".join([f"**{name}:** {first}", *(f"> {line}" for line in others)])[:2000]


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Chat(bot))
