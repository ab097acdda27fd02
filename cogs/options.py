"""Options of several commands: parsing, validation and autocomplete."""

from typing import Any, TypeAlias
from uuid import UUID

import discord
from discord import app_commands
from discord.app_commands import Choice, Transform
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import (
    from_user_install,
    interaction_actor,
    interaction_situation,
    is_age_restricted,
    is_bot_here,
)
from bot.discord.embeds.posts import target_label
from bot.discord.member_names import all_members
from services.access import Situation
from services.characters import STYLES, Character
from services.llm_configs import LlmConfig
from services.people import Persona
from services.personalities import Personality, SystemPrompt
from services.photos import Photo
from services.publishing import Listing
from services.social import PostDetails, SocialTarget
from services.texts import shorten
from services.time_zones import parse_time_zone, search_time_zones, time_zone_label

Choices: TypeAlias = list[Choice[str | int | float]]
_MAX_CHOICE_LENGTH = 100


async def member_names(interaction: discord.Interaction[Any]) -> list[str]:
    """Return the names of a server's roles and other members, which no personality may have."""
    if interaction.guild is None:
        return []
    members = await all_members(interaction.guild)
    others = [each for each in members if each.id != interaction.user.id]
    names = [name for each in others for name in {each.display_name, each.name}]
    return [*names, *(role.name for role in interaction.guild.roles if not role.is_default())]


def _choices(names: list[str]) -> Choices:
    return [Choice(name=name[:100], value=name[:100]) for name in names[:25]]


class PersonalityTransformer(app_commands.Transformer[Bot]):
    """A typed name, alias or slug as a personality that the user may call here."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Personality:
        return await interaction.client.services.personalities.find(
            value, await interaction_situation(interaction)
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        names = await interaction.client.services.personalities.names(
            await interaction_situation(interaction), query=str(value)
        )
        return [
            Choice(name=name[:100], value=name[:100])
            if maker is None
            else Choice(name=f"{name} (by {maker})"[:100], value=slug)
            for name, slug, maker in names
        ]


class AnywhereTransformer(app_commands.Transformer[Bot]):
    """A typed name as a personality of one's own, or one that is for everybody."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Personality:
        actor = from_user_install(interaction, "").author
        return await interaction.client.services.personalities.find_anywhere(actor, value)

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        situation = Situation(account_ids={interaction.user.id})
        names = await interaction.client.services.personalities.names(situation, query=str(value))
        return [Choice(name=name[:100], value=name[:100]) for name, _, _ in names]


class WhereverTransformer(PersonalityTransformer):
    """A typed name as a personality of this place where the bot is, else as one of anywhere."""

    _anywhere = AnywhereTransformer()

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Personality:
        if is_bot_here(interaction):
            return await super().transform(interaction, value)
        return await self._anywhere.transform(interaction, value)

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        if is_bot_here(interaction):
            return await super().autocomplete(interaction, value)
        return await self._anywhere.autocomplete(interaction, value)


class OwnPersonalityTransformer(app_commands.Transformer[Bot]):
    """A typed name as one of the user's personalities, else as one that they may call here."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Personality:
        return await interaction.client.services.personalities.find_own_first(
            await interaction_actor(interaction), value, await interaction_situation(interaction)
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        return _choices(
            list(
                await interaction.client.services.personalities.own_names(
                    await interaction_actor(interaction), query=str(value)
                )
            )
        )


class BringTransformer(PersonalityTransformer):
    """A typed name as a personality of one's own or one that may be called, or a slug as another.

    Moderators learn the slug of another's personality from its maker, who sees it in its details.
    """

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Personality:
        return await interaction.client.services.personalities.find_to_bring(
            await interaction_actor(interaction), value, await interaction_situation(interaction)
        )


class PersonalitiesTransformer(PersonalityTransformer):
    """Typed names, separated by commas, as personalities; the last one is completed."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> list[Personality]:  # pyright: ignore[reportIncompatibleMethodOverride] - as many as were typed
        find = super().transform
        names = dict.fromkeys(part.strip() for part in value.split(",") if part.strip())
        return [await find(interaction, name) for name in list(names)[:25]]

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        before, comma, typed = str(value).rpartition(",")
        choices = await super().autocomplete(interaction, typed.strip())
        completed = [f"{before}{comma} {each.value}".strip() for each in choices]
        return _choices([each for each in completed if len(each) <= _MAX_CHOICE_LENGTH])


class PersonaTransformer(app_commands.Transformer[Bot]):
    """A typed name as one of the user's personas."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Persona:
        return await interaction.client.services.people.get(
            await interaction_actor(interaction), value
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        people = interaction.client.services.people
        return _choices(list(await people.names(interaction.user.id, prefix=str(value))))


class CharacterTransformer(app_commands.Transformer[Bot]):
    """A typed name as one of the user's characters."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Character:
        return await interaction.client.services.characters.find(
            await interaction_actor(interaction), value
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        characters = await interaction.client.services.characters.list_characters(
            await interaction_actor(interaction)
        )
        typed = str(value).lower()
        return _choices([each.name for each, _ in characters if typed in each.name.lower()])


class StyleTransformer(app_commands.Transformer[Bot]):
    """A typed style, by its name or its label, as its name; the service refuses unknown ones."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> str:
        typed = value.strip().lower()
        labels = {style.label.lower(): name for name, style in STYLES.items()}
        return labels.get(typed, typed)

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        typed = str(value).lower()
        return _choices([each.label for each in STYLES.values() if typed in each.label.lower()])


class ConfigTransformer(app_commands.Transformer[Bot]):
    """A typed name as a config that the user can choose."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> LlmConfig:
        return await interaction.client.services.configs.get(
            await interaction_actor(interaction), value
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        configs = interaction.client.services.configs
        return _choices(list(await configs.names(interaction.user.id, prefix=str(value))))


class ModelTransformer(app_commands.Transformer[Bot]):
    """A typed name of a language model, as `vendor/model`."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> str:
        return value.strip()

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        models = await interaction.client.services.configs.search_models(
            await interaction_actor(interaction), str(value)
        )
        return [
            Choice(name=shorten(each.label, _MAX_CHOICE_LENGTH), value=each.name)
            for each in models
            if len(each.name) <= _MAX_CHOICE_LENGTH
        ]


class PromptTransformer(app_commands.Transformer[Bot]):
    """A typed name as a system prompt."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> SystemPrompt:
        return await interaction.client.services.system_prompts.get(value)

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        prompts = await interaction.client.services.system_prompts.all()
        typed = str(value).lower()
        return _choices([each.name for each in prompts if each.name.lower().startswith(typed)])


class PublicTransformer(app_commands.Transformer[Bot]):
    """A typed name as a public personality that may be seen in this channel."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Listing:
        publishing = interaction.client.services.publishing
        return await publishing.find(value, age_restricted=is_age_restricted(interaction))

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        listings = await interaction.client.services.publishing.browse(
            age_restricted=is_age_restricted(interaction), words=str(value)
        )
        return _choices([each.personality.public_name or "" for each in listings])


class TagTransformer(app_commands.Transformer[Bot]):
    """A typed word as a tag of personalities."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> str:
        return value.strip().lower()[:80]

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        typed = str(value).strip().lower()
        tags = await interaction.client.services.publishing.tags()
        return _choices([tag for tag in tags if typed in tag])


class PhotoTransformer(app_commands.Transformer[Bot]):
    """A typed file name or id as a photo of one of the user's personalities."""

    unscheduled = False

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Photo:
        return await interaction.client.services.photos.find(
            await interaction_actor(interaction), value
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        photos = await interaction.client.services.photos.suggest(
            await interaction_actor(interaction), str(value), unscheduled=self.unscheduled
        )
        return [_id_choice(f"{each.file_name} · {str(each.id)[:8]}", each.id) for each in photos]


class UnscheduledTransformer(PhotoTransformer):
    """The same, suggesting only photos without a post; the others are refused later."""

    unscheduled = True


class PostTransformer(app_commands.Transformer[Bot]):
    """A typed id, or a photo's name, as one of the user's posts."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> PostDetails:
        return await interaction.client.services.calendar.find(
            await interaction_actor(interaction), value
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        entries = await interaction.client.services.calendar.suggest_posts(
            await interaction_actor(interaction), str(value)
        )
        return [
            _id_choice(
                " · ".join((each.post.status, each.photo.file_name, str(each.post.id)[:8])),
                each.post.id,
            )
            for each in entries
        ]


class TargetTransformer(app_commands.Transformer[Bot]):
    """A typed name as a target that one of the user's personalities posts to."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> SocialTarget:
        return await interaction.client.services.targets.find(
            await interaction_actor(interaction), value
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        targets = await interaction.client.services.targets.suggest_targets(
            await interaction_actor(interaction), str(value)
        )
        return [_id_choice(target_label(target, name), target.id) for target, name in targets]


class ZoneTransformer(app_commands.Transformer[Bot]):
    """A typed name of a time zone."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> str:
        return parse_time_zone(value).key

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        return [
            Choice(name=time_zone_label(each), value=each) for each in search_time_zones(str(value))
        ]


def _id_choice(name: str, value: UUID) -> Choice[str | int | float]:
    return Choice(name=shorten(name, _MAX_CHOICE_LENGTH), value=str(value))


OwnPersonalityOption: TypeAlias = Transform[Personality, OwnPersonalityTransformer]
AnywhereOption: TypeAlias = Transform[Personality, AnywhereTransformer]
WhereverOption: TypeAlias = Transform[Personality, WhereverTransformer]
PersonalityOption: TypeAlias = Transform[Personality, PersonalityTransformer]
BringOption: TypeAlias = Transform[Personality, BringTransformer]
PersonalitiesOption: TypeAlias = Transform[list[Personality], PersonalitiesTransformer]
PersonaOption: TypeAlias = Transform[Persona, PersonaTransformer]
CharacterOption: TypeAlias = Transform[Character, CharacterTransformer]
StyleOption: TypeAlias = Transform[str, StyleTransformer]
ModelOption: TypeAlias = Transform[str, ModelTransformer]
ConfigOption: TypeAlias = Transform[LlmConfig, ConfigTransformer]
PublicOption: TypeAlias = Transform[Listing, PublicTransformer]
TagOption: TypeAlias = Transform[str, TagTransformer]
PromptOption: TypeAlias = Transform[SystemPrompt, PromptTransformer]
PhotoOption: TypeAlias = Transform[Photo, PhotoTransformer]
UnscheduledOption: TypeAlias = Transform[Photo, UnscheduledTransformer]
PostOption: TypeAlias = Transform[PostDetails, PostTransformer]
TargetOption: TypeAlias = Transform[SocialTarget, TargetTransformer]
ZoneOption: TypeAlias = Transform[str, ZoneTransformer]
