"""The review of a publication: approve it, change it, or drop it."""

from typing import ClassVar, Self
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.embeds.publishing import RATINGS, review_embed
from bot.discord.ui import ActionButton, AnyInteraction, Modal
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

_MAX_AGE = 100_000


class ReviewButton(
    ActionButton, template=r"publish:(?P<action>approve|change|drop):(?P<id>[0-9a-f-]{36})"
):
    """Decides about a publication that waits for its maker."""

    prefix = "publish"
    labels: ClassVar = {"approve": "Publish", "change": "Change", "drop": "Not now"}
    styles: ClassVar = {"approve": discord.ButtonStyle.primary}

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        publishing: PublishingService = interaction.client.services.publishing
        actor = await interaction_actor(interaction)
        if self.action == "change":
            review = await publishing.review(actor, self.target_id)
            await interaction.response.send_modal(ReviewForm(publishing, review))
            return
        if self.action == "approve":
            personality = await publishing.approve(actor, self.target_id)
            name = discord.utils.escape_markdown(personality.name)
            text = f"✅ **{name}** is public now: `/discover view` shows how."
        else:
            review = await publishing.review(actor, self.target_id)
            await publishing.unpublish(actor, review.personality.id)
            name = discord.utils.escape_markdown(review.personality.name)
            text = f"**{name}** was not published. `/publish start` begins again."
        await interaction.response.edit_message(content=text, embed=None, view=None)


def review_view(attempt_id: UUID) -> ui.View:
    """Return the buttons to decide about a publication."""
    view = ui.View(timeout=None)
    for way in ReviewButton.labels:
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
        self.ask("Headline", self.headline)
        self.ask("Tags", self.tags, f"One to {MAX_TAGS}, with commas")
        self.ask("For whom", self.rating, "May be stricter than what was found, and not milder")
        self.ask("Gender", self.gender)
        self.ask("Age", self.age, "In years; empty if nobody knows")

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
