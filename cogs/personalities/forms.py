"""Forms to create and edit a personality, a few texts each."""

from collections.abc import Callable
from enum import Enum
from typing import Self
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from cogs.options import member_names
from cogs.personalities.embeds import introduction, personality_embed
from cogs.personalities.labels import LABELS
from cogs.tools import tool_choice
from services.errors import NotText, TextTooLong
from services.personalities import (
    LIMITS,
    ChangedMeanwhile,
    Personality,
    PersonalityService,
    PersonalitySettings,
    Visibility,
)
from services.texts import read_number
from services.tools import Toolbox

_MAX_FORM_TEXT = 4000  # Discord's limit for a field of a form

_SHORT = {"name", "display_name", "nickname", "avatar_url", "personality_age"}


MAX_GREETINGS = 5  # inputs of a form
_WINDOW = (2, 200)
_UPLOADED = [column for column in LIMITS if column in LABELS]
_FLAGS = {
    "memory_enabled": "Remembers conversations",
    "streams_answers": "Shows answers while they are written",
    "age_restricted": "Only in age-restricted channels",
    "definition_shown": "Others may read its definition",
    "copy_allowed": "Others may copy it while it is public",
    "image_enabled": "Posts pictures on boards",
}


_VISIBILITIES = {
    Visibility.PRIVATE: "Its owners",
    Visibility.UNLISTED: "Whoever knows its name, where it is brought",
}


class Section(Enum):
    """Which texts a form contains."""

    beginning = ("name", "character_info", "personality_traits", "personality_tone")
    identity = ("name", "display_name", "nickname", "avatar_url", "personality_age")
    character = (
        "character_info", "personality_traits", "personality_tone", "personality_likes",
        "personality_dislikes",
    )  # fmt: skip
    conversation = ("conversational_goals", "conversational_examples", "first_message", "scenario")
    instructions = (
        "system_prompt_override", "post_history_instructions", "depth_note", "creator_notes",
    )  # fmt: skip


class PersonalityForm(Modal):
    """Form for the texts of a section, of a new or an existing personality.

    `page_link` gives a new one a button that opens its page.
    """

    def __init__(
        self,
        personalities: PersonalityService,
        section: Section,
        personality: Personality | None = None,
        *,
        page_link: Callable[[UUID], ui.View] | None = None,
    ) -> None:
        title = f"Edit {personality.name[:38]}" if personality else "A new personality"
        super().__init__(title=title)
        self._personalities = personalities
        self._page_link = page_link
        self._personality_id: UUID | None = personality.id if personality else None
        self._base = personality.version if personality else None
        self.texts: dict[str, ui.TextInput[Self]] = {}
        too_long: list[str] = []
        for field in section.value:
            label, description = LABELS[field]
            current: str | None = getattr(personality, field) if personality else None
            if current is not None and len(current) > _MAX_FORM_TEXT:
                too_long.append(label)  # cut to the form's limit, it would lose its end when saved
                continue
            self.texts[field] = text = ui.TextInput[Self](
                custom_id=field,
                style=TextStyle.short if field in _SHORT else TextStyle.long,
                required=field == "name",
                default=current or None,
                max_length=min(LIMITS.get(field, 80 if field == "name" else 2000), _MAX_FORM_TEXT),
            )
            self.ask(label, text, description or None)
        if too_long:
            labels = ", ".join(too_long)
            self.add_item(
                ui.TextDisplay(
                    f"{labels}: longer than a form holds. Change it by export and import."
                )
            )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor, other_names = await interaction_actor(interaction), await member_names(interaction)
        texts = {field: text.value for field, text in self.texts.items()}
        view = discord.utils.MISSING
        if self._personality_id is None:
            personality = await self._personalities.create(actor, texts, members=other_names)
            reply = introduction(personality, in_server=interaction.guild is not None)
            view = self._page_link(personality.id) if self._page_link else view
        else:
            try:
                personality = await self._personalities.edit(
                    actor, self._personality_id, texts, members=other_names, base=self._base
                )
            except ChangedMeanwhile as error:
                self._base = error.version  # sent again, it replaces what the other has written
                raise
            reply = f"Saved as version {personality.version}."
        await self.confirm_saved(
            interaction, reply, embed=personality_embed(personality), view=view
        )


class GreetingForm(Modal, title="First messages"):
    """Form for what a personality says first: five of its first messages, from `start` on."""

    def __init__(
        self, personalities: PersonalityService, personality: Personality, *, start: int = 0
    ) -> None:
        super().__init__()
        self._personalities, self._personality, self._start = personalities, personality, start
        self.texts: list[ui.TextInput[Self]] = []
        self._before = [personality.first_message or "", *personality.alternate_greetings]
        self._before += [""] * (start + MAX_GREETINGS - len(self._before))
        for number in range(start, start + MAX_GREETINGS):
            text = ui.TextInput[Self](
                custom_id=f"greeting_{number}",
                style=TextStyle.long,
                required=False,
                default=self._before[number][:_MAX_FORM_TEXT] or None,
                max_length=_MAX_FORM_TEXT,
            )
            self.texts.append(text)
            label = "First message" if number == 0 else f"Another one ({number})"
            self.ask(label, text)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        greetings = [*self._before]
        for number, text in enumerate(self.texts, start=self._start):
            # What the form has cut is kept whole if nobody changed what it showed.
            if text.value != greetings[number][:_MAX_FORM_TEXT]:
                greetings[number] = text.value
        first, *others = greetings
        changed = await self._personalities.edit(
            await interaction_actor(interaction),
            self._personality.id,
            {
                "first_message": first,
                "alternate_greetings": [each for each in others if each.strip()],
            },
            base=self._personality.version,
        )
        await self.confirm_saved(interaction, f"Saved as version {changed.version}.")


class TextFileForm(Modal, title="Upload a text"):
    """Form that takes a text of a personality from a file."""

    def __init__(self, personalities: PersonalityService, personality: Personality) -> None:
        super().__init__()
        self._personalities, self._personality = personalities, personality
        self.column = ui.Select[Self](
            custom_id="column",
            options=[discord.SelectOption(label=LABELS[c][0], value=c) for c in _UPLOADED],
        )
        self.file = ui.FileUpload[Self](custom_id="file", max_values=1)
        self.ask("Which text", self.column)
        self.ask("File", self.file, "Plain text.")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        (attachment,), (column,) = self.file.values, self.column.values
        limit = LIMITS[column]
        if attachment.size > 4 * limit + 3:  # bytes, with a mark
            raise TextTooLong(LABELS[column][0].lower(), limit)
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            text = (await attachment.read()).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise NotText(attachment.filename) from error
        changed = await self._personalities.edit(
            await interaction_actor(interaction),
            self._personality.id,
            {column: text},
            base=self._personality.version,
        )
        await interaction.followup.send(f"Saved as version {changed.version}.", ephemeral=True)


class SettingsForm(Modal, title="Settings"):
    """Form for how a personality is used."""

    def __init__(
        self, personalities: PersonalityService, personality: Personality, toolbox: Toolbox
    ) -> None:
        super().__init__()
        self._personalities, self._personality = personalities, personality
        self._toolbox = toolbox
        self.tools: ui.CheckboxGroup[Self] = tool_choice(
            toolbox.tools, toolbox.chosen(personality.tools)
        )
        self.flags = ui.CheckboxGroup[Self](
            custom_id="flags",
            required=False,
            options=[
                discord.CheckboxGroupOption(
                    label=label, value=column, default=bool(getattr(personality, column))
                )
                for column, label in _FLAGS.items()
            ],
        )
        self.window = ui.TextInput[Self](
            custom_id="window", max_length=3, default=str(personality.context_window_size)
        )
        self.visibility = ui.Select[Self](
            custom_id="visibility",
            options=[
                discord.SelectOption(
                    label=label, value=value, default=value == personality.visibility
                )
                for value, label in _VISIBILITIES.items()
            ],
        )
        self.ask("What holds", self.flags)
        # What is public becomes so, and ends, by `/publish`.
        if personality.visibility in _VISIBILITIES:
            self.ask("For whom", self.visibility)
        self.ask("How many earlier messages it reads", self.window, f"{_WINDOW[0]} to {_WINDOW[1]}")
        self.ask("Tools", self.tools, "If its model calls functions. Each costs some tokens.")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        chosen = set(self.flags.values)
        low, high = _WINDOW
        window = read_number(self.window.value, field="number of messages", low=low, high=high)
        settings: PersonalitySettings = {
            "memory_enabled": "memory_enabled" in chosen,
            "streams_answers": "streams_answers" in chosen,
            "age_restricted": "age_restricted" in chosen,
            "definition_shown": "definition_shown" in chosen,
            "copy_allowed": "copy_allowed" in chosen,
            "image_enabled": "image_enabled" in chosen,
            "context_window_size": window,
            "tools": self._chosen_tools(),
        }
        if self.visibility.values:
            chosen_visibility = Visibility(self.visibility.values[0])
            if chosen_visibility != self._personality.visibility:
                settings["visibility"] = chosen_visibility
        if settings["age_restricted"] == self._personality.age_restricted:
            settings["age_restricted"] = None  # not looked at whether it may change
        await self._personalities.configure(
            await interaction_actor(interaction), self._personality.id, **settings
        )
        await self.confirm_saved(interaction, "Saved.")

    def _chosen_tools(self) -> list[str] | None:
        """Return the tools if they were changed; those that are not configured stay as they are."""
        before, shown = (
            self._toolbox.chosen(self._personality.tools),
            {each.name for each in self._toolbox.tools},
        )
        chosen = (before - shown) | set(self.tools.values)
        return sorted(chosen) if chosen != before else None
