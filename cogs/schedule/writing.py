"""Writing a post: its form, and drafts by the personality."""

from collections.abc import Awaitable, Callable
from typing import Self, TypeAlias
from zoneinfo import ZoneInfo

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.embeds.posts import draft_embed, post_summary
from bot.discord.errors import explain
from bot.discord.ui import AnyInteraction, Modal, View
from services.photos import ALT_LIMIT, Photo
from services.social import (
    CAPTION_LIMITS,
    COMMENT_SERVICES,
    NEXT,
    CaptionDraft,
    Drafter,
    NotScheduled,
    SocialService,
    SocialTarget,
)
from services.types import Actor

OnSubmit: TypeAlias = Callable[[AnyInteraction, CaptionDraft, str], Awaitable[None]]
_MAX_MODAL_TEXT, _MAX_COMMENT, _MAX_WHEN, _MAX_LABEL = 4000, 2000, 60, 45


class PostForm(Modal):
    """Form for the texts and the time of a post."""

    def __init__(
        self,
        title: str,
        target: SocialTarget | None,
        draft: CaptionDraft,
        when: str,
        on_done: OnSubmit,
        *,
        zone: ZoneInfo,
    ) -> None:
        super().__init__(title=title[:45])
        self._on_done = on_done
        service = target.service if target else "facebook"
        self._has_comment = service in COMMENT_SERVICES
        self.caption = _text_input(
            "caption", draft.caption, min(CAPTION_LIMITS[service], _MAX_MODAL_TEXT)
        )
        self.alt_text = _text_input("alt_text", draft.alt_text, ALT_LIMIT)
        self.first_comment = _text_input("first_comment", draft.first_comment, _MAX_COMMENT)
        self.when = ui.TextInput[Self](
            custom_id="when", default=when or None, required=False, max_length=_MAX_WHEN
        )
        self.ask("Caption", self.caption)
        alt_text_description = "What the photo shows, for people who cannot see it"
        self.ask("Alt text", self.alt_text, alt_text_description)
        if self._has_comment:
            self.ask("First comment", self.first_comment)
        examples = "tomorrow 18:00 · 2026-12-24 18:00 · in 2 hours · next slot"
        when_label = f"When, in {zone.key}"[:_MAX_LABEL]
        self.ask(when_label, self.when, examples)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        draft = CaptionDraft(
            caption=self.caption.value,
            alt_text=self.alt_text.value,
            first_comment=self.first_comment.value if self._has_comment else "",
        )
        await self._on_done(interaction, draft, self.when.value)


def _text_input(custom_id: str, current: str, limit: int) -> ui.TextInput[PostForm]:
    return ui.TextInput(
        custom_id=custom_id,
        style=TextStyle.long,
        default=current[:limit] or None,
        required=False,
        max_length=limit,
    )


def schedule_on_submit(
    posts: SocialService, actor: Actor, photo: Photo, target: SocialTarget
) -> OnSubmit:
    """Return a handler that plans the post when its form is submitted."""

    async def plan(interaction: AnyInteraction, draft: CaptionDraft, when: str) -> None:
        outcome = await posts.schedule_post(
            actor, photo.id, draft, target_id=target.id, when=when or NEXT
        )
        if isinstance(outcome, NotScheduled):
            if outcome.existing is not None:
                raise outcome.reason
            # A time that is not possible must not lose the text.
            saved = await posts.save_draft(actor, photo.id, draft, target_id=target.id)
            reason = explain(outcome.reason) or "It could not be planned."
            await reply(interaction, f"{reason} It is saved as a draft.\n{post_summary(saved)}")
            return
        await reply(interaction, f"Planned.\n{post_summary(outcome.details)}")

    return plan


async def reply(interaction: AnyInteraction, text: str) -> None:
    """Answer a form: in place of the message that opened it, or with a new one."""
    if interaction.message is not None:
        await interaction.response.edit_message(content=text, embed=None, view=None)
    else:
        await interaction.response.send_message(text, ephemeral=True)


class DraftView(View):
    """A draft by the personality, with buttons to edit, plan and save it."""

    def __init__(
        self,
        actor: Actor,
        photo: Photo,
        target: SocialTarget | None,
        *,
        wish: str,
        zone: ZoneInfo,
        drafter: Drafter,
        posts: SocialService,
    ) -> None:
        super().__init__(actor.discord_id)
        self._actor = actor
        self._photo = photo
        self._target = target
        self._wish = wish
        self._zone = zone
        self._drafter = drafter
        self._posts = posts
        self._draft = CaptionDraft(caption="", alt_text="")
        self.plan.disabled = target is None

    async def open(self, interaction: AnyInteraction) -> None:
        """Write a draft, and show it as the response of a deferred interaction."""
        self._draft = await self._drafter.draft(
            self._actor,
            self._photo.id,
            service=self._target.service if self._target else None,
            wish=self._wish,
        )
        embed = draft_embed(self._photo.file_name, self._draft, self._target)
        await interaction.edit_original_response(embed=embed, view=self)
        self.message = await interaction.original_response()

    @ui.button(label="Edit and plan", style=discord.ButtonStyle.primary)
    async def plan(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Edit the draft and plan it."""
        assert self._target is not None  # noqa: S101 - the button is disabled without one
        on_done = schedule_on_submit(self._posts, self._actor, self._photo, self._target)
        form = PostForm("Plan a post", self._target, self._draft, NEXT, on_done, zone=self._zone)
        await interaction.response.send_modal(form)

    @ui.button(label="Edit and keep", style=discord.ButtonStyle.secondary)
    async def keep(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Edit the draft and save it without a time."""

        async def keep(pressed: AnyInteraction, draft: CaptionDraft, when: str) -> None:
            if when.strip() and self._target is not None:
                await schedule_on_submit(self._posts, self._actor, self._photo, self._target)(
                    pressed, draft, when
                )
                return
            target_id = self._target.id if self._target else None
            saved = await self._posts.save_draft(
                self._actor, self._photo.id, draft, target_id=target_id
            )
            await reply(pressed, f"Saved as a draft.\n{post_summary(saved)}")

        form = PostForm("Keep a draft", self._target, self._draft, "", keep, zone=self._zone)
        await interaction.response.send_modal(form)

    @ui.button(label="Write another", style=discord.ButtonStyle.secondary)
    async def again(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Write another draft."""
        await interaction.response.defer()
        await self.open(interaction)
