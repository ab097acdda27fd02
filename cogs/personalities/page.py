"""The page of a personality: everything that its owners can change, in one message."""

import io
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import ClassVar, Self, TypeAlias
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.app.services import Services
from bot.discord.converters import interaction_actor
from bot.discord.pages import PagePart, excerpt, page_view
from bot.discord.ui import ActionButton, AnyInteraction, Modal, View
from cogs.personalities.forms import (
    MAX_GREETINGS,
    GreetingForm,
    PersonalityForm,
    Section,
    SettingsForm,
    TextFileForm,
)
from cogs.personalities.labels import LABELS
from cogs.personalities.model_form import ModelForm
from cogs.personalities.picture_form import PictureForm
from cogs.personalities.versions import VersionsView
from cogs.personalities.voice_form import VoiceForm
from services.characters import STYLES
from services.personalities import (
    LIMITS,
    ImageSettings,
    Personality,
    PersonalityDetails,
    PersonalityService,
    VoiceSettings,
)
from services.texts import counted, on_one_line, shorten

_ID = r"(?P<id>[0-9a-f-]{36})"
_MAX_FORM_TEXT = 4000  # Discord's limit for a field of a form
_MAX_FILES, _MAX_BUTTONS = 10, 25  # Discord's limits for a message


def page(details: PersonalityDetails, *, lore: str) -> ui.LayoutView:
    """Return the page of a personality; `lore` says which books it has."""
    personality = details.personality
    name = discord.utils.escape_markdown(personality.display_name or personality.name)
    heading = (
        f"## {name}\n{shorten(on_one_line(personality.headline or ''), 200)}\n"
        f"-# version {personality.version} · {personality.visibility}"
    )
    parts = [
        PagePart(label, text, PageButton(action, personality.id))
        for action, (label, text) in _summaries(details, lore).items()
    ]
    return page_view(heading, parts, thumbnail=personality.avatar_url)


def _summaries(details: PersonalityDetails, lore: str) -> Mapping[str, tuple[str, str]]:
    """Return label and content of each part of a page, by what its button does."""
    personality = details.personality
    greetings = [personality.first_message, *personality.alternate_greetings]
    count = sum(1 for each in [*greetings, *personality.group_greetings] if each)
    long = [column for column in LIMITS if len(_text(personality, column)) > _MAX_FORM_TEXT]
    owners = ", ".join(f"<@{each.discord_id}>" for each in details.owners)
    settings = [
        personality.visibility,
        "remembers" if personality.memory_enabled else "remembers nothing",
        f"reads {personality.context_window_size} messages back",
        *(["age-restricted"] if personality.age_restricted else []),
        *(["may be copied"] if personality.copy_allowed else []),
    ]
    return {
        "identity": ("Who they are", _lines(personality, Section.identity)),
        "character": ("Definition", _lines(personality, Section.character)),
        "conversation": ("Speech", _lines(personality, Section.conversation)),
        "instructions": ("Instructions", _lines(personality, Section.instructions)),
        "greeting": (
            "First messages",
            f"{count} · {excerpt(personality.first_message or '', 120)}" if count else "",
        ),
        "lore": ("Lore", lore),
        "model": ("Model", _model_line(details)),
        "pictures": ("Pictures", _picture_line(personality)),
        "voice": ("Voice", _voice_line(personality)),
        "settings": ("Settings", f"{' · '.join(settings)}\nOwners: {owners or 'this bot'}"),
        "files": (
            "Long texts",
            "Longer than a form holds: " + ", ".join(LABELS[each][0] for each in long)
            if long
            else "Any text as a file, and back",
        ),
        "versions": ("Versions", f"{personality.version} so far"),
    }


def _model_line(details: PersonalityDetails) -> str:
    prompt = details.system_prompt
    config = details.default_config
    return " · ".join(
        [
            f"config {excerpt(config.name, 60)}" if config else "the default config",
            f"system prompt {excerpt(prompt.name, 60)}" if prompt else "the default system prompt",
        ]
    )


def _picture_line(personality: Personality) -> str:
    settings = ImageSettings.read(personality.image_settings)
    style = STYLES.get(settings.style)
    return " · ".join(
        [
            style.label if style else "no style",
            settings.aspect,
            *(["like its face"] if settings.shows_face else []),
            *([f"without {excerpt(settings.avoid, 60)}"] if settings.avoid else []),
        ]
    )


def _voice_line(personality: Personality) -> str:
    if not personality.voice_enabled:
        return "never speaks"
    settings = VoiceSettings.read(personality.voice_settings)
    return " · ".join(
        [
            "speaks every answer" if settings.always else "speaks to voice messages",
            *([excerpt(settings.voice, 40)] if settings.voice else []),
            *([excerpt(settings.style, 60)] if settings.style else []),
        ]
    )


def _lines(personality: Personality, section: Section) -> str:
    lines = [
        f"*{LABELS[column][0]}* {excerpt(text, 90)}"
        for column in section.value
        # First messages have a part of their own, and the face is above.
        if column not in ("first_message", "avatar_url") and (text := _text(personality, column))
    ]
    return "\n".join(lines)[:350]


def _text(personality: Personality, column: str) -> str:
    return getattr(personality, column) or ""


async def show_page(interaction: AnyInteraction, personality_id: UUID) -> None:
    """Answer with the page of a personality, for its owner alone."""
    view = await load_page(personality_id, interaction)
    await interaction.response.send_message(view=view, ephemeral=True)


async def load_page(personality_id: UUID, interaction: AnyInteraction) -> ui.LayoutView:
    """Return the page of a personality as it is now.

    Raises:
        OwnersOnly: Whoever asks does not own it.
    """
    services: Services = interaction.client.services
    actor = await interaction_actor(interaction)
    await services.personalities.check_owner(actor, personality_id)
    personality = await services.personalities.find_by_id(personality_id)
    details = await services.personalities.details(actor, personality)
    books = await services.lore.books_of(actor, personality_id)
    names = ", ".join(excerpt(each.book.name, 40) for each in books[:5])
    entries = sum(each.entry_count for each in books)
    lore = f"{names} · {counted(entries, 'entry', 'entries')}" if books else ""
    return page(details, lore=lore)


class PageButton(ActionButton, template=rf"personality:(?P<action>[a-z]+):{_ID}"):
    """Opens what a part of a personality's page is changed with."""

    prefix = "personality"
    labels: ClassVar = {
        "lore": "Show", "versions": "Show", "files": "As files", "upload": "Upload a text",
        "open": "Open its page",
    }  # fmt: skip

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        services: Services = interaction.client.services
        await services.personalities.check_owner(
            await interaction_actor(interaction), self.target_id
        )
        personality = await services.personalities.find_by_id(self.target_id)
        await _ACTIONS[self.action](interaction, personality)


_Action: TypeAlias = Callable[[AnyInteraction, Personality], Awaitable[None]]


async def _open_form(interaction: AnyInteraction, form: Modal, personality: Personality) -> None:
    await form.open_from(partial(load_page, personality.id), interaction)


def _edit(section: Section) -> _Action:
    async def edit(interaction: AnyInteraction, personality: Personality) -> None:
        form = PersonalityForm(interaction.client.services.personalities, section, personality)
        await _open_form(interaction, form, personality)

    return edit


async def _greet(interaction: AnyInteraction, personality: Personality) -> None:
    personalities = interaction.client.services.personalities
    if len(personality.alternate_greetings) < MAX_GREETINGS:
        await _open_form(interaction, GreetingForm(personalities, personality), personality)
        return
    view = _GreetingsView(interaction.user.id, personalities, personality)
    await interaction.response.send_message("Which ones?", view=view, ephemeral=True)
    view.message = await interaction.original_response()


class _GreetingsView(View):
    """Opens the form of first messages at one of its parts; the last part has room for more."""

    def __init__(
        self, user_id: int, personalities: PersonalityService, personality: Personality
    ) -> None:
        super().__init__(user_id)
        self._personalities, self._personality = personalities, personality
        starts = range(0, len(personality.alternate_greetings) + 2, MAX_GREETINGS)
        for start in starts[:_MAX_BUTTONS]:
            button = ui.Button[Self](label=f"{start + 1} to {start + MAX_GREETINGS}")
            button.callback = partial(self._open, start)
            self.add_item(button)

    async def _open(self, start: int, interaction: AnyInteraction) -> None:
        form = GreetingForm(self._personalities, self._personality, start=start)
        await interaction.response.send_modal(form)


async def _show_lore(interaction: AnyInteraction, personality: Personality) -> None:
    services: Services = interaction.client.services
    books = await services.lore.books_of(await interaction_actor(interaction), personality.id)
    lines = [
        f"**{excerpt(each.book.name, 80)}** · {counted(each.entry_count, 'entry', 'entries')}"
        for each in books
    ]
    await interaction.response.send_message(
        "\n".join([*lines[:20], "`/lore view`, `/lore edit` and `/lore import` change it."]),
        ephemeral=True,
    )


async def _show_versions(interaction: AnyInteraction, personality: Personality) -> None:
    versions = interaction.client.services.versions
    listed = await versions.list_versions(await interaction_actor(interaction), personality.id)
    view = VersionsView(interaction.user.id, versions, personality, listed)
    await interaction.response.send_message(embed=view.overview(), view=view, ephemeral=True)
    view.message = await interaction.original_response()


async def _show_files(interaction: AnyInteraction, personality: Personality) -> None:
    """Send every text as a file, with a button to take one back."""
    texts = {column: text for column in LIMITS if (text := _text(personality, column))}
    longest = sorted(texts, key=lambda column: -len(texts[column]))
    files = [
        discord.File(io.BytesIO(texts[column].encode()), filename=f"{column}.txt")
        for column in longest[:_MAX_FILES]
    ]
    view = ui.View(timeout=None).add_item(PageButton("upload", personality.id))
    await interaction.response.send_message(
        "Change one in any editor, then upload it.", files=files, view=view, ephemeral=True
    )


async def _upload(interaction: AnyInteraction, personality: Personality) -> None:
    form = TextFileForm(interaction.client.services.personalities, personality)
    await interaction.response.send_modal(form)


async def _model(interaction: AnyInteraction, personality: Personality) -> None:
    services: Services = interaction.client.services
    actor = await interaction_actor(interaction)
    details = await services.personalities.details(actor, personality)
    form = ModelForm(
        services,
        details,
        configs=await services.configs.available(actor),
        prompts=await services.system_prompts.all(),
    )
    await _open_form(interaction, form, personality)


async def _pictures(interaction: AnyInteraction, personality: Personality) -> None:
    form = PictureForm(interaction.client.services.personalities, personality)
    await _open_form(interaction, form, personality)


async def _open(interaction: AnyInteraction, personality: Personality) -> None:
    await show_page(interaction, personality.id)


def page_link(personality_id: UUID) -> ui.View:
    """Return a button that opens the page of a personality."""
    return ui.View(timeout=None).add_item(PageButton("open", personality_id))


async def _voice(interaction: AnyInteraction, personality: Personality) -> None:
    form = VoiceForm(interaction.client.services, personality)
    await _open_form(interaction, form, personality)


async def _settings(interaction: AnyInteraction, personality: Personality) -> None:
    services: Services = interaction.client.services
    form = SettingsForm(services.personalities, personality, services.toolbox)
    await _open_form(interaction, form, personality)


_ACTIONS: Mapping[str, _Action] = {
    **{section.name: _edit(section) for section in Section},
    "greeting": _greet,
    "lore": _show_lore,
    "versions": _show_versions,
    "files": _show_files,
    "upload": _upload,
    "model": _model,
    "pictures": _pictures,
    "voice": _voice,
    "open": _open,
    "settings": _settings,
}
