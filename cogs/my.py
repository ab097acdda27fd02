"""`/my`: one's personalities in servers and group DMs where the bot is not.

Only for this group and its menu the app can be installed by a user. Nothing else of it works there:
there is no webhook, no history, and nobody else is known.
"""

import io
from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import (
    from_user_install,
    interaction_actor,
    user_install_channel,
)
from bot.discord.embeds.user_install import PICTURE_FILE, answer_layout
from bot.discord.errors import describe
from bot.discord.message_parts import to_reply
from cogs.options import AnywhereOption
from cogs.personalities.page import show_page
from services.chat import NoPersonalityHere
from services.errors import DomainError
from services.personalities import Personality
from services.pictures import MAX_SUBJECT, PICTURE_CUE

_MENU = "Ask my personality about this"
_QUESTION = "What do you think of this?"


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class My(commands.GroupCog, group_name="my", group_description="Your personalities anywhere"):
    """My: one's personalities anywhere."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._channels = bot.services.channels
        menu = app_commands.ContextMenu(name=_MENU, callback=self._ask_about)
        menu.allowed_installs = app_commands.AppInstallationType(guild=True, user=True)
        menu.allowed_contexts = app_commands.AppCommandContext(
            guild=True, dm_channel=True, private_channel=True
        )
        self._menu = menu

    @override
    async def cog_load(self) -> None:
        """Add the menu: decorators cannot define it inside a cog."""
        self._bot.tree.add_command(self._menu)

    @override
    async def cog_unload(self) -> None:
        """Remove the menu."""
        self._bot.tree.remove_command(_MENU, type=discord.AppCommandType.message)

    @app_commands.command()
    @app_commands.describe(
        personality="Who answers",
        message="What you say",
        private="Whether only you see the answer",
    )
    async def say(
        self,
        interaction: Interaction,
        personality: AnywhereOption,
        message: app_commands.Range[str, 1, 1900],
        private: bool = False,  # noqa: FBT001, FBT002 - discord.py's way to take an option
    ) -> None:
        """Say something to a personality, in any server or group DM."""
        await answer_anywhere(interaction, personality, message, is_private=private)

    @app_commands.command()
    @app_commands.describe(
        personality="Who is in the picture",
        what="What it shows",
        private="Whether only you see it",
    )
    async def imagine(
        self,
        interaction: Interaction,
        personality: AnywhereOption,
        what: app_commands.Range[str, 1, MAX_SUBJECT],
        private: bool = False,  # noqa: FBT001, FBT002 - discord.py's way to take an option
    ) -> None:
        """Ask a personality for a picture, in any server or group DM."""
        await answer_anywhere(interaction, personality, what, picture=what, is_private=private)

    @app_commands.command()
    @app_commands.describe(personality="Who is asked by the menu of a message, and in your DMs")
    async def use(self, interaction: Interaction, personality: AnywhereOption) -> None:
        """Choose your personality."""
        actor = from_user_install(interaction, "").author
        await self._channels.set_dm_personality(actor, personality)
        name = discord.utils.escape_markdown(personality.name)
        await interaction.response.send_message(
            f"**{name}** is yours now: *Apps › {_MENU}* asks them about any message.",
            ephemeral=True,
        )

    @app_commands.command(name="open")
    @app_commands.describe(personality="Which of yours")
    async def open_(self, interaction: Interaction, personality: AnywhereOption) -> None:
        """Open the page of a personality of yours."""
        await show_page(interaction, personality.id)

    async def _ask_about(self, interaction: Interaction, message: discord.Message) -> None:
        actor = from_user_install(interaction, "").author
        personality = await self._channels.dm_personality(actor)
        if personality is None:
            raise NoPersonalityHere
        await answer_anywhere(
            interaction,
            personality,
            _QUESTION,
            about=message,
            is_private=True,
        )


async def answer_anywhere(
    interaction: Interaction,
    personality: Personality,
    text: str,
    *,
    about: discord.Message | None = None,
    picture: str = "",
    is_private: bool,
) -> None:
    """Answer a command as the app, with a picture if one is asked for."""
    bot = interaction.client
    services = bot.services
    cue = PICTURE_CUE.format(picture) if picture else ""
    asked = from_user_install(interaction, "" if picture else text, cue=cue)
    channel = user_install_channel(interaction)
    guild_id = channel.guild_id
    is_member = guild_id is not None and bot.get_guild(guild_id) is not None
    if is_member:
        # There is no way around the rules of a server.
        actor = await interaction_actor(interaction)
        await services.channels.check_may_talk(actor, channel, personality.id)
    if picture:
        await services.pictures.check(
            *(asked.author, channel, personality, picture), is_stored=False
        )
    await interaction.response.defer(ephemeral=is_private, thinking=True)
    parts = [to_reply(about)] if about else []
    answer = await services.user_install_answers.ask(
        asked, personality, parts=parts, channel=channel, is_member=is_member
    )
    files: list[discord.File] = []
    if picture:
        try:
            jpeg = await services.pictures.draw(asked.author, channel, personality, picture)
        except DomainError as error:  # the words were paid, and are said
            answer = replace(answer, notes=(*answer.notes, f"no picture: {describe(error)}"))
        else:
            files.append(discord.File(io.BytesIO(jpeg), PICTURE_FILE, description=picture))
    await interaction.followup.send(
        view=answer_layout(answer, question="" if about else text, has_picture=bool(files)),
        files=files,
        ephemeral=is_private,
    )


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(My(bot))
