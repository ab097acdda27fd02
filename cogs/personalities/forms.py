"""Forms to create and edit a personality, a few texts each."""

from enum import Enum
from typing import Self
from uuid import UUID

from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from cogs.options import member_names
from cogs.personalities.embeds import introduction, personality_embed
from cogs.personalities.labels import LABELS
from services.personalities import LIMITS, ChangedMeanwhile, Personality, PersonalityService

_MAX_FORM_TEXT = 4000  # Discord's limit for a field of a form

_SHORT = {"name", "display_name", "nickname", "avatar_url", "personality_age"}


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
    """Form for the texts of a section, of a new or an existing personality."""

    def __init__(
        self,
        personalities: PersonalityService,
        section: Section,
        personality: Personality | None = None,
    ) -> None:
        title = f"Edit {personality.name[:38]}" if personality else "A new personality"
        super().__init__(title=title)
        self._personalities = personalities
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
            self.add_item(ui.Label(text=label, description=description or None, component=text))
        if too_long:
            labels = ", ".join(too_long)
            self.add_item(
                ui.TextDisplay(
                    f"{labels}: longer than a form holds. Change it by export and import."
                )
            )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor, other_names = await interaction_actor(interaction), member_names(interaction)
        texts = {field: text.value for field, text in self.texts.items()}
        if self._personality_id is None:
            personality = await self._personalities.create(actor, texts, members=other_names)
            reply = introduction(personality, in_server=interaction.guild is not None)
        else:
            try:
                personality = await self._personalities.edit(
                    actor, self._personality_id, texts, members=other_names, base=self._base
                )
            except ChangedMeanwhile as error:
                self._base = error.version  # sent again, it replaces what the other has written
                raise
            reply = f"Saved as version {personality.version}."
        await interaction.response.send_message(
            reply, embed=personality_embed(personality), ephemeral=True
        )
