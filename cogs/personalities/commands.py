"""`/personality` and its commands."""

import io
from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, is_age_restricted, to_channel
from bot.discord.errors import describe
from bot.discord.ui import ActionView, AnyInteraction, confirm, show_list
from cogs.options import (
    BringOption,
    OwnPersonalityOption,
    PersonalityOption,
    PromptOption,
    member_names,
)
from cogs.personalities.embeds import (
    card_notes_embeds,
    details_embed,
    introduction,
    personality_embed,
    personality_line,
)
from cogs.personalities.faces import FaceCommands
from cogs.personalities.forms import PersonalityForm, Section
from cogs.personalities.page import page_link, show_page
from services.errors import DomainError
from services.faces import NoCardFace
from services.personalities import (
    CARD_LIMIT_MB,
    CardExtras,
    CardKind,
    CardNote,
    CardNoteKind,
    CardTooLarge,
    Visibility,
)
from services.types import Actor


class Personalities(
    FaceCommands,
    commands.GroupCog,
    group_name="personality",
    group_description="AI characters: who they are",
):
    """Personalities: the AI characters."""

    alias = app_commands.Group(name="alias", description="Other names they answer to")
    owners = app_commands.Group(name="owners", description="Who may change them")

    def __init__(self, bot: Bot) -> None:
        self._personalities = bot.services.personalities
        self._cards = bot.services.cards
        self._services = bot.services
        self._versions = bot.services.versions
        self._faces = bot.services.faces
        self._photos = bot.services.photos
        self._memory = bot.services.memory
        self._servers = bot.services.servers
        self._greetings = bot.services.greetings

    @app_commands.command()
    async def create(self, interaction: Interaction) -> None:
        """Create an AI character of your own."""
        form = PersonalityForm(self._personalities, Section.beginning, page_link=page_link)
        await interaction.response.send_modal(form)

    @app_commands.command(name="open")
    @app_commands.describe(personality="Which of yours")
    async def open_(self, interaction: Interaction, personality: OwnPersonalityOption) -> None:
        """Open the page of a personality, where everything of it can be changed."""
        await show_page(interaction, personality.id)

    @app_commands.command()
    @app_commands.describe(
        personality="Which of yours",
        visibility="private: for owners only; unlisted: can be brought; /publish makes it public",
        age_restricted="Whether it speaks only in age-restricted channels",
        explicit_picture="Whether its avatar is for adults; then the personality is, too",
        definition="Whether others may read its definition; by default they may not",
        copying="Whether others may copy it while it is public",
        memory="Whether it remembers conversations",
        streaming="Whether its answers are shown while they are written",
        language="The language it answers in: a name, speaker (that of whoever speaks), or any",
        reactions="Whether it may answer with a reaction, or not at all, where that says it better",
        pictures="Whether it posts pictures on boards; needs an image model",
        context="How many earlier messages it reads",
        system_prompt="The system prompt it uses",
    )
    async def settings(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        visibility: Literal["private", "unlisted"] | None = None,
        age_restricted: bool | None = None,  # noqa: FBT001 - discord.py's way to take an option
        explicit_picture: bool | None = None,  # noqa: FBT001
        definition: Literal["shown", "hidden"] | None = None,
        copying: bool | None = None,  # noqa: FBT001
        memory: bool | None = None,  # noqa: FBT001
        streaming: bool | None = None,  # noqa: FBT001
        language: app_commands.Range[str, 1, 40] | None = None,
        reactions: bool | None = None,  # noqa: FBT001
        pictures: bool | None = None,  # noqa: FBT001
        context: app_commands.Range[int, 2, 200] | None = None,
        system_prompt: PromptOption | None = None,
    ) -> None:
        """Change how a personality is used."""
        actor = await interaction_actor(interaction)
        changed = await self._personalities.configure(
            actor,
            personality.id,
            visibility=Visibility(visibility) if visibility else None,
            age_restricted=age_restricted,
            avatar_explicit=explicit_picture,
            definition_shown=definition == "shown" if definition else None,
            copy_allowed=copying,
            memory_enabled=memory,
            streams_answers=streaming,
            language="" if language == "any" else language,
            may_react=reactions,
            image_enabled=pictures,
            context_window_size=context,
            system_prompt_id=system_prompt.id if system_prompt else None,
        )
        details = await self._personalities.details(actor, changed)
        await interaction.response.send_message(embed=details_embed(details), ephemeral=True)

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show your personalities and those that everyone can talk to."""
        listed = await self._personalities.list_personalities(
            await interaction_actor(interaction), age_restricted=is_age_restricted(interaction)
        )
        lines = [
            personality_line(each, is_own=is_own)
            for each, is_own in listed
            if is_own or each.visibility == Visibility.PUBLIC
        ]
        await show_list(
            interaction, title="Personalities", lines=lines, footer="Call one by name: @Name hello"
        )

    @app_commands.command()
    @app_commands.describe(personality="Which personality")
    async def view(self, interaction: Interaction, personality: PersonalityOption) -> None:
        """Show who a personality is."""
        details = await self._personalities.details(
            await interaction_actor(interaction),
            personality,
            age_restricted=is_age_restricted(interaction),
        )
        await interaction.response.send_message(embed=details_embed(details), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(personality="Which of yours")
    async def delete(self, interaction: Interaction, personality: OwnPersonalityOption) -> None:
        """Delete a personality."""
        actor = await interaction_actor(interaction)
        await self._personalities.check_owner(actor, personality.id)
        name = discord.utils.escape_markdown(personality.name)

        async def delete(pressed: AnyInteraction) -> None:
            await self._personalities.delete(await interaction_actor(pressed), personality.id)
            await pressed.response.edit_message(content=f"**{name}** is gone.", view=None)

        question = f"Delete **{name}**? What people remember of them stays theirs."
        await confirm(interaction, question, label="Delete", do=delete)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(personality="Who should answer everyone in this server")
    async def bring(self, interaction: Interaction, personality: BringOption) -> None:
        """Let a personality into this server, where everyone can call it then."""
        is_new = await self._servers.bring(
            await interaction_actor(interaction),
            interaction.guild_id or 0,
            personality,
            members=await member_names(interaction),
        )
        name = discord.utils.escape_markdown(personality.name)
        if not is_new:
            await interaction.response.send_message(f"**{name}** is here already.", ephemeral=True)
            return
        await interaction.response.send_message(
            f"{interaction.user.mention} brought **{name}**: call them with `@{personality.name}`. "
            "Moderators can send them away with `/server personalities`."
        )
        channel = to_channel(interaction.channel, interaction.guild)
        await self._greetings.greet(await interaction_actor(interaction), channel, personality.id)

    @alias.command(name="add")
    @app_commands.describe(personality="Which of yours", alias="The other name")
    async def alias_add(
        self, interaction: Interaction, personality: OwnPersonalityOption, alias: str
    ) -> None:
        """Let a personality answer to another name."""
        added = await self._personalities.add_alias(
            await interaction_actor(interaction),
            personality.id,
            alias,
            members=await member_names(interaction),
        )
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** answers to "
            f"**{discord.utils.escape_markdown(added)}** too.",
            ephemeral=True,
        )

    @alias.command(name="remove")
    @app_commands.describe(personality="Which of yours", alias="The other name")
    async def alias_remove(
        self, interaction: Interaction, personality: OwnPersonalityOption, alias: str
    ) -> None:
        """Remove an alias."""
        await self._personalities.remove_alias(
            await interaction_actor(interaction), personality.id, alias
        )
        await interaction.response.send_message("Nobody answers to that any more.", ephemeral=True)

    @owners.command(name="add")
    @app_commands.describe(personality="Which of yours", user="Whom to share it with")
    async def owners_add(
        self, interaction: Interaction, personality: OwnPersonalityOption, user: discord.User
    ) -> None:
        """Ask someone to share a personality with you."""
        actor, name = (
            await interaction_actor(interaction),
            discord.utils.escape_markdown(personality.name),
        )
        await self._personalities.check_owner(actor, personality.id)

        async def accept(pressed: AnyInteraction) -> None:
            # As whoever asked, whose rights are looked at again.
            asking = await interaction_actor(interaction)
            await self._personalities.add_owner(
                asking, personality.id, await interaction_actor(pressed)
            )
            await pressed.response.edit_message(
                content=f"{user.mention} may change **{name}** now.", view=None
            )

        view = ActionView(user.id, label="Accept", do=accept)
        await interaction.response.send_message(
            f"{user.mention}, {interaction.user.mention} would like to share **{name}** with you: "
            "you could change it as well.",
            view=view,
            allowed_mentions=discord.AllowedMentions(users=[user]),
        )
        view.message = await interaction.original_response()

    @owners.command(name="remove")
    @app_commands.describe(personality="Which of yours", user="Who should no longer own it")
    async def owners_remove(
        self, interaction: Interaction, personality: OwnPersonalityOption, user: discord.User
    ) -> None:
        """Remove an owner of a personality."""
        other = Actor(discord_id=user.id, name=user.display_name)
        await self._personalities.remove_owner(
            await interaction_actor(interaction), personality.id, other
        )
        await interaction.response.send_message(
            f"{user.mention} may no longer change "
            f"**{discord.utils.escape_markdown(personality.name)}**.",
            ephemeral=True,
        )

    @app_commands.command(name="import")
    @app_commands.describe(card="A character card: PNG, JSON, CharX, or another program's export")
    async def import_(self, interaction: Interaction, card: discord.Attachment) -> None:
        """Create an AI character from a character card."""
        if card.size > CARD_LIMIT_MB * 1_000_000:
            raise CardTooLarge(CARD_LIMIT_MB)
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = await interaction_actor(interaction)
        imported = await self._cards.import_card(
            actor, await card.read(), members=await member_names(interaction)
        )
        personality, notes = imported.personality, list(imported.notes)
        try:
            personality = await self._faces.adopt_card_face(actor, personality.id)
        except NoCardFace:
            pass  # it came without one
        except DomainError as error:
            notes.append(CardNote(CardNoteKind.FAILED, "picture", detail=describe(error)))
        for name, error in await self._faces.adopt_card_expressions(actor, personality.id):
            notes.append(CardNote(CardNoteKind.FAILED, name, detail=describe(error)))
        await interaction.followup.send(
            introduction(
                personality, alias=imported.alias, in_server=interaction.guild is not None
            ),
            embeds=[personality_embed(personality), *card_notes_embeds(notes)],
            view=page_link(personality.id),
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(personality="Which one", name="What the copy is called")
    async def copy(
        self, interaction: Interaction, personality: OwnPersonalityOption, name: str | None = None
    ) -> None:
        """Copy a personality of yours, or a public one whose maker allows it."""
        copied = await self._cards.copy(
            await interaction_actor(interaction),
            personality.id,
            name=name,
            members=await member_names(interaction),
        )
        await interaction.response.send_message(
            introduction(copied, in_server=interaction.guild is not None),
            embed=personality_embed(copied),
            view=page_link(copied.id),
            ephemeral=True,
        )

    @app_commands.command(name="export")
    @app_commands.describe(
        personality="Which of yours",
        kind="JSON, the file that it came from, or CharX: an archive with pictures and versions",
        memories="Whether the archive has what it remembers of you; by default not",
    )
    async def export(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        kind: Literal["json", "file", "charx"] = "json",
        memories: bool = False,  # noqa: FBT001, FBT002 - discord.py's way to take an option
    ) -> None:
        """Export a personality as a character card."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, card_kind, extras = await interaction_actor(interaction), CardKind(kind), None
        if card_kind is CardKind.CHARX:
            face, expressions = await self._faces.export(actor, personality.id)
            remembered = await self._memory.list_memories(actor, personality.id) if memories else ()
            extras = CardExtras(
                face=face,
                expressions=expressions,
                versions=await self._versions.list_versions(actor, personality.id),
                memories=[(memory.created_at, memory.content) for memory, _ in remembered],
            )
        card = await self._cards.export_card(actor, personality.id, card_kind, extras)
        file = discord.File(io.BytesIO(card.data), filename=card.filename)
        name = discord.utils.escape_markdown(personality.name)
        content = f"**{name}** as a character card, which other programs import, too."
        await interaction.followup.send(content, file=file, ephemeral=True)
