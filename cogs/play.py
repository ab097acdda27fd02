"""`/chime-in`, `/random`, `/imagine` and `/scene`: personalities play by commands."""

from uuid import UUID

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.buttons.turns import StopTurnsButton, TurnsButton
from bot.discord.client import Bot, Interaction
from bot.discord.converters import from_interaction, interaction_actor, is_bot_here, to_channel
from cogs.my import answer_anywhere
from cogs.options import PersonalityOption, WhereverOption
from services.chat import BEGIN, CHIME_IN
from services.pictures import MAX_SUBJECT, PICTURE_CUE
from services.texts import on_one_line

_MAX_SCENE = 200


class Play(commands.Cog):
    """Play: what personalities are asked to do by commands."""

    def __init__(self, bot: Bot) -> None:
        self._chat = bot.services.chat
        self._turns = bot.services.turns
        self._channels = bot.services.channels
        self._pictures = bot.services.pictures

    @app_commands.command(name="chime-in")
    @app_commands.guild_only()
    @app_commands.describe(personality="Who says something; if left out, whose turn it is")
    async def chime_in(
        self, interaction: Interaction, personality: PersonalityOption | None = None
    ) -> None:
        """Have somebody look at the last messages, and say something to them."""
        if personality is None:
            chosen = await self._choose(interaction, at_random=False)
        else:
            chosen = personality.id, personality.display_name or personality.name
        await self._speak(interaction, chosen, CHIME_IN, "to chime in")

    @app_commands.command()
    @app_commands.guild_only()
    async def random(self, interaction: Interaction) -> None:
        """Have anybody who is here say something."""
        chosen = await self._choose(interaction, at_random=True)
        await self._speak(interaction, chosen, BEGIN, "to say something")

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.describe(
        place="Where this channel's play happens; what is left out is forgotten",
        time="When it happens",
        tone="In which tone",
    )
    async def scene(
        self,
        interaction: Interaction,
        place: app_commands.Range[str, 1, _MAX_SCENE] | None = None,
        time: app_commands.Range[str, 1, _MAX_SCENE] | None = None,
        tone: app_commands.Range[str, 1, _MAX_SCENE] | None = None,
    ) -> None:
        """Set the scene of this channel for all who speak in it."""
        settings = await self._channels.set_scene(
            await interaction_actor(interaction),
            to_channel(interaction.channel, interaction.guild),
            place=place or "",
            time=time or "",
            tone=tone or "",
        )
        lines = [
            f"**{label}** {discord.utils.escape_markdown(text)}"
            for label, text in (
                ("Place", settings.scene_place),
                ("Time", settings.scene_time),
                ("Tone", settings.scene_tone),
            )
            if text
        ]
        await interaction.response.send_message(
            "\n".join(["-# The scene", *lines]) if lines else "There is no scene here any more."
        )

    @app_commands.command()
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.describe(personality="Who is in the picture", what="What it shows")
    async def imagine(
        self,
        interaction: Interaction,
        personality: WhereverOption,
        what: app_commands.Range[str, 1, MAX_SUBJECT],
    ) -> None:
        """Ask a personality for a picture."""
        if not is_bot_here(interaction):
            await answer_anywhere(interaction, personality, what, picture=what, is_private=False)
            return
        chosen = personality.id, personality.display_name or personality.name
        actor = await interaction_actor(interaction)
        channel = to_channel(interaction.channel, interaction.guild)
        await self._channels.check_may_talk(actor, channel, personality.id)
        await self._pictures.check(actor, channel, personality, what)
        await self._speak(
            *(interaction, chosen, PICTURE_CUE.format(what)),
            f"for a picture of {what}",
            picture=what,
        )

    async def _choose(self, interaction: Interaction, *, at_random: bool) -> tuple[UUID, str]:
        return await self._turns.choose_speaker(
            await interaction_actor(interaction),
            to_channel(interaction.channel, interaction.guild),
            at_random=at_random,
        )

    async def _speak(
        self,
        interaction: Interaction,
        chosen: tuple[UUID, str],
        cue: str,
        what: str,
        *,
        picture: str = "",
    ) -> None:
        """Show who asks whom, and have that one answer."""
        personality_id, name = chosen
        await self._channels.check_may_talk(
            await interaction_actor(interaction),
            to_channel(interaction.channel, interaction.guild),
            personality_id,
        )
        asker, asked, shown_what = (
            discord.utils.escape_markdown(on_one_line(each))
            for each in (interaction.user.display_name, name, what)
        )
        await interaction.response.send_message(f"-# {asker} asks {asked} {shown_what}")
        shown = await interaction.original_response()
        message = from_interaction(interaction, shown, "", cue=cue)
        await self._chat.answer_command(message, personality_id, picture=picture)


async def setup(bot: Bot) -> None:
    """Load the cog and its buttons."""
    bot.add_dynamic_items(TurnsButton, StopTurnsButton)
    await bot.add_cog(Play(bot))
