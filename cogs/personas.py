"""`/persona`: who users are to the personalities."""

from functools import partial
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
from cogs.options import PersonaOption
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
        if self._persona_id is not None:
            await self.confirm_saved(interaction, "Saved.")
            return
        view = await load_page(persona.id, interaction)
        await interaction.response.send_message(view=view, ephemeral=True)


class PersonaButton(
    ActionButton, template=r"persona:(?P<action>edit|default|delete):(?P<id>[0-9a-f-]{36})"
):
    """Opens the form of a persona, makes it the default one, or deletes it."""

    prefix = "persona"
    labels: ClassVar = {"default": "Use everywhere", "delete": "Delete"}
    styles: ClassVar = {"delete": discord.ButtonStyle.danger}

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        people: PeopleService = interaction.client.services.people
        persona = await people.get_by_id(await interaction_actor(interaction), self.target_id)
        if self.action == "edit":
            form = PersonaForm(people, persona)
            await form.open_from(partial(load_page, persona.id), interaction)
        elif self.action == "delete":
            await _confirm_deletion(interaction, persona)
        else:
            await people.set_default(persona)
            await interaction.response.edit_message(view=_page(persona, is_default=True))


async def _confirm_deletion(interaction: AnyInteraction, persona: Persona) -> None:
    name = discord.utils.escape_markdown(persona.name)

    async def delete(pressed: AnyInteraction) -> None:
        await pressed.client.services.people.delete(persona)
        await pressed.response.edit_message(content=f"**{name}** is gone.", view=None)

    await confirm(interaction, f"Delete **{name}**?", label="Delete", do=delete)


async def load_page(persona_id: UUID, interaction: AnyInteraction) -> ui.LayoutView:
    """Return the page of a persona, for its owner.

    Raises:
        PersonaNotFound: Whoever asks does not own it, or it is gone.
    """
    people: PeopleService = interaction.client.services.people
    actor = await interaction_actor(interaction)
    persona = await people.get_by_id(actor, persona_id)
    persona_list = await people.list_personas(actor)
    return _page(persona, is_default=persona.id == persona_list.default_id)


def _page(persona: Persona, *, is_default: bool) -> ui.LayoutView:
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
            else "Where you have chosen it in `/settings`",
            PersonaButton("default", persona.id),
        ),
        PagePart(
            "Delete", "What was said as this persona stays", PersonaButton("delete", persona.id)
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

    @app_commands.command()
    async def create(self, interaction: Interaction) -> None:
        """Say who you are: create a persona of yours."""
        await interaction.response.send_modal(PersonaForm(self._people))

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
    @app_commands.describe(persona="Which of yours; else the one you are by default")
    async def view(self, interaction: Interaction, persona: PersonaOption | None = None) -> None:
        """Show a persona of yours, with buttons to change it, use it everywhere or delete it."""
        actor = await interaction_actor(interaction)
        if persona is None:
            listed = await self._people.list_personas(actor)
            persona = next(each for each in listed.personas if each.id == listed.default_id)
        view = await load_page(persona.id, interaction)
        await interaction.response.send_message(view=view, ephemeral=True)


async def setup(bot: Bot) -> None:
    """Load the cog, and revive its buttons."""
    bot.add_dynamic_items(PersonaButton)
    await bot.add_cog(Personas(bot))
