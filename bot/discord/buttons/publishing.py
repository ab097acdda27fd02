"""The review of a publication: approve it, change it, or drop it."""

import re
from typing import Any, Self
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.embeds.publishing import RATINGS, review_embed
from bot.discord.ui import AnyInteraction, Modal, PersistentButton
from services.publishing import (
    HEADLINE_LENGTH,
    MAX_TAGS,
    Gender,
    NsfwRating,
    PublishingService,
    Review,
    ReviewChanges,
)
from services.texts import read_number

_LABELS = {"approve": "Publish", "change": "Change", "drop": "Not now"}
_MAX_AGE = 100_000
_STYLES = {"approve": discord.ButtonStyle.primary}


class ReviewButton(
    PersistentButton, template=r"publish:(?P<way>approve|change|drop):(?P<id>[0-9a-f-]{36})"
):
    """Decides about a publication that waits for its maker."""

    def __init__(self, way: str, attempt_id: UUID) -> None:
        super().__init__(
            ui.Button(
                label=_LABELS[way],
                style=_STYLES.get(way, discord.ButtonStyle.secondary),
                custom_id=f"publish:{way}:{attempt_id}",
            )
        )
        self._way, self._attempt_id = way, attempt_id

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["way"], UUID(match["id"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        publishing: PublishingService = interaction.client.services.publishing
        actor = await interaction_actor(interaction)
        if self._way == "change":
            review = await publishing.review(actor, self._attempt_id)
            await interaction.response.send_modal(ReviewForm(publishing, review))
            return
        if self._way == "approve":
            personality = await publishing.approve(actor, self._attempt_id)
            name = discord.utils.escape_markdown(personality.name)
            text = f"✅ **{name}** is public now: `/discover view` shows how."
        else:
            review = await publishing.review(actor, self._attempt_id)
            await publishing.unpublish(actor, review.personality.id)
            name = discord.utils.escape_markdown(review.personality.name)
            text = f"**{name}** was not published. `/publish start` begins again."
        await interaction.response.edit_message(content=text, embed=None, view=None)


def review_view(attempt_id: UUID) -> ui.View:
    """Return the buttons to decide about a publication."""
    view = ui.View(timeout=None)
    for way in _LABELS:
        view.add_item(ReviewButton(way, attempt_id))
    return view


class ReviewForm(Modal, title="What everybody will see"):
    """Form for what a model has found, as its maker wants it."""

    def __init__(self, publishing: PublishingService, review: Review) -> None:
        super().__init__()
        self._publishing, self._attempt_id = publishing, review.attempt.id
        found = review.assessment
        self.headline = ui.TextInput[Self](
            custom_id="headline", default=found.headline, max_length=HEADLINE_LENGTH
        )
        self.tags = ui.TextInput[Self](
            custom_id="tags",
            style=TextStyle.long,
            default=", ".join(tag for tag, _ in found.surest_tags),
            max_length=400,
        )
        self.rating = ui.Select[Self](
            custom_id="rating",
            options=[
                discord.SelectOption(
                    label=RATINGS[rating], value=rating, default=rating == found.rating
                )
                for rating in NsfwRating
            ],
        )
        self.gender = ui.Select[Self](
            custom_id="gender",
            options=[
                discord.SelectOption(label=gender, value=gender, default=gender == found.gender)
                for gender in Gender
            ],
        )
        self.age = ui.TextInput[Self](
            custom_id="age",
            default="" if found.age < 0 else str(found.age),
            max_length=6,
            required=False,
        )
        self._add("Headline", self.headline)
        self._add("Tags", self.tags, f"One to {MAX_TAGS}, with commas")
        self._add("For whom", self.rating, "May be stricter than what was found, and not milder")
        self._add("Gender", self.gender)
        self._add("Age", self.age, "In years; empty if nobody knows")

    def _add(self, text: str, component: ui.Item[Any], description: str | None = None) -> None:
        self.add_item(ui.Label(text=text, component=component, description=description))

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        age = read_number(self.age.value, field="age", low=0, high=_MAX_AGE)
        tags = (" ".join(tag.split()).lower() for tag in self.tags.value.split(","))
        review = await self._publishing.change(
            await interaction_actor(interaction),
            self._attempt_id,
            ReviewChanges(
                headline=self.headline.value,
                tags=[*filter(None, tags)],
                rating=NsfwRating(self.rating.values[0]),
                gender=Gender(self.gender.values[0]),
                age=-1 if age is None else age,
            ),
        )
        await interaction.response.edit_message(
            embed=review_embed(review), view=review_view(self._attempt_id)
        )
