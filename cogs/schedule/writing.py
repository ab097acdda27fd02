"""Writing a post: a form, and what a model would say, to be edited before it is kept."""

from collections.abc import Awaitable, Callable
from typing import Self, TypeAlias
from zoneinfo import ZoneInfo

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.embeds.posts import draft_embed, entry_line
from bot.discord.errors import explain
from bot.discord.ui import AnyInteraction, Modal, View
from services.photos import ALT_LIMIT, Photo
from services.social import (
    CAPTIONS,
    COMMENTED,
    NEXT,
    CaptionDraft,
    Drafter,
    NotScheduled,
    SocialService,
    SocialTarget,
)
from services.types import Actor

Written: TypeAlias = Callable[[AnyInteraction, CaptionDraft, str], Awaitable[None]]
_MODAL_TEXT, _COMMENT, _WHEN, _LABEL = 4000, 2000, 60, 45


class PostForm(Modal):
    """Asks what a post says, and when."""

    def __init__(
        self,
        title: str,
        target: SocialTarget | None,
        draft: CaptionDraft,
        when: str,
        done: Written,
        *,
        zone: ZoneInfo,
    ) -> None:
        super().__init__(title=title[:45])
        self._done = done
        service = target.service if target else "facebook"
        self._has_comment = service in COMMENTED
        self.caption = _text("caption", draft.caption, min(CAPTIONS[service], _MODAL_TEXT))
        self.alt_text = _text("alt_text", draft.alt_text, ALT_LIMIT)
        self.first_comment = _text("first_comment", draft.first_comment, _COMMENT)
        self.when = ui.TextInput[Self](
            custom_id="when", default=when or None, required=False, max_length=_WHEN
        )
        self.add_item(ui.Label(text="Caption", component=self.caption))
        about = "What the photo shows, for those who cannot see it"
        self.add_item(ui.Label(text="Alt text", description=about, component=self.alt_text))
        if self._has_comment:
            self.add_item(ui.Label(text="First comment", component=self.first_comment))
        ways = "tomorrow 18:00 · 2026-12-24 18:00 · in 2 hours · next slot"
        when_where = f"When, in {zone.key}"[:_LABEL]
        self.add_item(ui.Label(text=when_where, description=ways, component=self.when))

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        draft = CaptionDraft(
            caption=self.caption.value,
            alt_text=self.alt_text.value,
            first_comment=self.first_comment.value if self._has_comment else "",
        )
        await self._done(interaction, draft, self.when.value)


def _text(custom_id: str, now: str, limit: int) -> ui.TextInput[PostForm]:
    return ui.TextInput(
        custom_id=custom_id,
        style=TextStyle.long,
        default=now[:limit] or None,
        required=False,
        max_length=limit,
    )


def planning(posts: SocialService, actor: Actor, photo: Photo, target: SocialTarget) -> Written:
    """Return what plans a post once it is written."""

    async def plan(interaction: AnyInteraction, draft: CaptionDraft, when: str) -> None:
        done = await posts.schedule_post(
            actor, photo.id, draft, target_id=target.id, when=when or NEXT
        )
        if isinstance(done, NotScheduled):
            if done.existing is not None:
                raise done.reason
            # Nothing that was typed is lost for a time that cannot be.
            kept = await posts.save_draft(actor, photo.id, draft, target_id=target.id)
            why = explain(done.reason) or "It could not be planned."
            await say(interaction, f"{why} It is kept as a draft.\n{entry_line(kept)}")
            return
        await say(interaction, f"Planned.\n{entry_line(done.details)}")

    return plan


async def say(interaction: AnyInteraction, text: str) -> None:
    """Answer a form: instead of what led to it, or with a message of its own."""
    if interaction.message is not None:
        await interaction.response.edit_message(content=text, embed=None, view=None)
    else:
        await interaction.response.send_message(text, ephemeral=True)


class DraftView(View):
    """What a personality would say of a photo, and what becomes of that."""

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
        """Draft, and show that as the answer to what was deferred."""
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
        """Edit it, and give it a time."""
        assert self._target is not None  # noqa: S101 - the button is dead without
        done = planning(self._posts, self._actor, self._photo, self._target)
        form = PostForm("Plan a post", self._target, self._draft, NEXT, done, zone=self._zone)
        await interaction.response.send_modal(form)

    @ui.button(label="Edit and keep", style=discord.ButtonStyle.secondary)
    async def keep(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Edit it, and keep it without a time."""

        async def keep(pressed: AnyInteraction, draft: CaptionDraft, when: str) -> None:
            if when.strip() and self._target is not None:
                await planning(self._posts, self._actor, self._photo, self._target)(
                    pressed, draft, when
                )
                return
            target_id = self._target.id if self._target else None
            entry = await self._posts.save_draft(
                self._actor, self._photo.id, draft, target_id=target_id
            )
            await say(pressed, f"Kept as a draft.\n{entry_line(entry)}")

        form = PostForm("Keep a draft", self._target, self._draft, "", keep, zone=self._zone)
        await interaction.response.send_modal(form)

    @ui.button(label="Write another", style=discord.ButtonStyle.secondary)
    async def again(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Draft anew."""
        await interaction.response.defer()
        await self.open(interaction)
