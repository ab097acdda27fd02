"""`/persona`: who users are to the personalities."""

from typing import ClassVar, Self
from uuid import UUID

import discord
from discord import TextStyle, app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.pages import PagePart, excerpt, page_view
from bot.discord.ui import ActionButton, AnyInteraction, Modal, confirm, show_list
from cogs.options import PersonalityOption, PersonaOption
from services.people import PeopleService, Persona, PersonaInput
from services.texts import shorten


class PersonaForm(Modal):
    """Form for a persona."""

    def __init__(self, people: PeopleService, persona: Persona | None = None) -> None:
        super().__init__(title=f"Edit {persona.name[:38]}" if persona else "A new persona")
        self._people = people
        self._persona_id: UUID | None = persona.id if persona else None
        self.name = ui.TextInput[Self](
            custom_id="name", max_length=80, default=persona.name if persona else None
        )
        self.preferred_name = ui.TextInput[Self](
            custom_id="preferred_name",
            max_length=80,
            required=False,
            default=persona.preferred_name if persona else None,
        )
        self.pronouns = ui.TextInput[Self](
            custom_id="pronouns",
            max_length=80,
            required=False,
            placeholder="she/her, they/them, …",
            default=persona.pronouns if persona else None,
        )
        self.content = ui.TextInput[Self](
            custom_id="content",
            style=TextStyle.long,
            max_length=2000,
            required=False,
            default=persona.content if persona else None,
        )
        self.description = ui.TextInput[Self](
            custom_id="description",
            max_length=200,
            required=False,
            default=persona.description if persona else None,
        )
        self.ask("Name of this persona", self.name)
        self.ask("What to call you", self.preferred_name)
        self.ask("Pronouns", self.pronouns)
        self.ask("Backstory", self.content, "What personalities know of you.")
        self.ask("Note to yourself", self.description, "Only you see it.")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        persona_input = PersonaInput(
            name=self.name.value,
            content=self.content.value,
            description=self.description.value,
            preferred_name=self.preferred_name.value,
            pronouns=self.pronouns.value,
        )
        if self._persona_id is None:
            persona = await self._people.create(actor, persona_input)
        else:
            persona = await self._people.edit(actor, self._persona_id, persona_input)
        hint = " Be it everywhere by `/persona default`, or with one personality by `/settings`."
        await interaction.response.send_message(
            f"Saved.{'' if self._persona_id else hint}",
            embed=persona_embed(persona),
            ephemeral=True,
        )


class PersonaButton(
    ActionButton, template=r"persona:(?P<action>edit|default):(?P<id>[0-9a-f-]{36})"
):
    """Opens the form of a persona, or makes it the default one."""

    prefix = "persona"
    labels: ClassVar = {"default": "Use by default"}

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        people: PeopleService = interaction.client.services.people
        persona = await people.get_by_id(await interaction_actor(interaction), self.target_id)
        if self.action == "edit":
            await interaction.response.send_modal(PersonaForm(people, persona))
            return
        await people.set_default(persona)
        await interaction.response.edit_message(view=persona_page(persona, is_default=True))


def persona_page(persona: Persona, *, is_default: bool) -> ui.LayoutView:
    """Return the page of a persona, for its owner."""
    called = [
        *([f"called {excerpt(persona.preferred_name, 80)}"] if persona.preferred_name else []),
        *([excerpt(persona.pronouns, 80)] if persona.pronouns else []),
    ]
    parts = [
        PagePart("Who you are", " · ".join(called), PersonaButton("edit", persona.id)),
        PagePart(
            "Where",
            "Wherever you have chosen no other"
            if is_default
            else "Where you have chosen it with `/persona use`",
            PersonaButton("default", persona.id),
        ),
    ]
    heading = (
        f"## {discord.utils.escape_markdown(persona.name)}\n"
        f"{excerpt(persona.content or 'No backstory.', 600)}\n"
        f"-# {excerpt(persona.description or 'your persona', 200)}"
    )
    return page_view(heading, parts)


class Personas(
    commands.GroupCog,
    group_name="persona",
    group_description="You: who you are to the AI characters",
):
    """Personas: who you are to the personalities."""

    def __init__(self, bot: Bot) -> None:
        self._people = bot.services.people
        self._channels = bot.services.channels

    @app_commands.command()
    async def create(self, interaction: Interaction) -> None:
        """Say who you are: create a persona of yours."""
        await interaction.response.send_modal(PersonaForm(self._people))

    @app_commands.command()
    @app_commands.describe(persona="Which of yours")
    async def edit(self, interaction: Interaction, persona: PersonaOption) -> None:
        """Change a persona."""
        await interaction.response.send_modal(PersonaForm(self._people, persona))

    @app_commands.command(name="open")
    @app_commands.describe(persona="Which of yours")
    async def open_(self, interaction: Interaction, persona: PersonaOption) -> None:
        """Show everything of a persona, each part with a button that changes it."""
        persona_list = await self._people.list_personas(await interaction_actor(interaction))
        view = persona_page(persona, is_default=persona.id == persona_list.default_id)
        await interaction.response.send_message(view=view, ephemeral=True)

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show your personas."""
        persona_list = await self._people.list_personas(await interaction_actor(interaction))
        lines = [
            f"**{discord.utils.escape_markdown(persona.name)}**"
            + (" · default" if persona.id == persona_list.default_id else "")
            + (f"\n{shorten(persona.description, 100)}" if persona.description else "")
            for persona in persona_list.personas
        ]
        await show_list(interaction, title="Your personas", lines=lines)

    @app_commands.command()
    @app_commands.describe(
        persona="Which of yours", personality="Or the persona you have with this personality"
    )
    async def view(
        self,
        interaction: Interaction,
        persona: PersonaOption | None = None,
        personality: PersonalityOption | None = None,
    ) -> None:
        """Show a persona, or which one you have with a personality and why."""
        if personality is not None:
            actor = await interaction_actor(interaction)
            resolution = await self._channels.resolution(actor, personality.id)
            embed = persona_embed(resolution.persona)
            embed.set_footer(text=f"To {personality.name}, chosen by {resolution.persona_source}")
        else:
            persona_list = await self._people.list_personas(await interaction_actor(interaction))
            default = next(
                each for each in persona_list.personas if each.id == persona_list.default_id
            )
            embed = persona_embed(persona or default)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(persona="Which of yours")
    async def default(self, interaction: Interaction, persona: PersonaOption) -> None:
        """Use this persona wherever you have not chosen another."""
        await self._people.set_default(persona)
        await interaction.response.send_message(
            f"You are **{discord.utils.escape_markdown(persona.name)}** by default.",
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(persona="Which of yours", personality="With which personality")
    async def use(
        self, interaction: Interaction, persona: PersonaOption, personality: PersonalityOption
    ) -> None:
        """Use this persona with one personality."""
        await self._people.set_for_personality(persona, personality.id)
        await interaction.response.send_message(
            f"To **{discord.utils.escape_markdown(personality.name)}** you are "
            f"**{discord.utils.escape_markdown(persona.name)}**.",
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(personality="With which personality")
    async def clear(self, interaction: Interaction, personality: PersonalityOption) -> None:
        """Use your default persona with a personality again."""
        await self._people.clear_for_personality(
            await interaction_actor(interaction), personality.id
        )
        await interaction.response.send_message(
            f"To **{discord.utils.escape_markdown(personality.name)}** you are your default "
            "persona again.",
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(persona="Which of yours")
    async def delete(self, interaction: Interaction, persona: PersonaOption) -> None:
        """Delete a persona."""
        name = discord.utils.escape_markdown(persona.name)

        async def delete(pressed: AnyInteraction) -> None:
            await self._people.delete(persona)
            await pressed.response.edit_message(content=f"**{name}** is gone.", view=None)

        await confirm(interaction, f"Delete **{name}**?", label="Delete", do=delete)


def persona_embed(persona: Persona) -> discord.Embed:
    """Return the embed that shows a persona to its owner."""
    name = discord.utils.escape_markdown(persona.name)
    embed = discord.Embed(title=name, description=persona.content or "*No backstory.*")
    if persona.preferred_name:
        embed.add_field(name="Called", value=persona.preferred_name)
    if persona.pronouns:
        embed.add_field(name="Pronouns", value=persona.pronouns)
    if persona.description:
        embed.add_field(name="Note", value=persona.description, inline=False)
    return embed


async def setup(bot: Bot) -> None:
    """Load the cog, and revive its buttons."""
    bot.add_dynamic_items(PersonaButton)
    await bot.add_cog(Personas(bot))
