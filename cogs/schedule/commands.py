"""`/schedule` and its commands."""

from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.embeds.photos import photo_name
from bot.discord.embeds.posts import post_summary, target_name
from bot.discord.ui import AnyInteraction, confirm, show_list
from cogs.options import (
    OwnPersonalityOption,
    PostOption,
    TargetOption,
    UnscheduledOption,
    ZoneOption,
)
from cogs.schedule.calendar import CalendarView
from cogs.schedule.slots import SlotsForm
from cogs.schedule.targets import Channel, TargetChanges, change_targets
from cogs.schedule.writing import DraftView, PostForm, reply, schedule_on_submit
from services.social import (
    NEXT,
    CaptionDraft,
    PhotoHasPost,
    PostStatus,
    SocialTarget,
    TimeUnclear,
)
from services.time_zones import parse_time_zone
from services.types import Actor

_YEARS = (2000, 2100)


class Schedule(commands.GroupCog, group_name="schedule", group_description="Posts of photos"):
    """Posts: each photo once, at its time, on a Discord channel or a social network."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        services = bot.services
        self._photos, self._posts, self._calendar = (
            services.photos,
            services.posts,
            services.calendar,
        )
        self._targets, self._drafter = services.targets, services.drafter

    @app_commands.command()
    @app_commands.describe(photo="Which photo", target="Where it is posted")
    async def post(
        self, interaction: Interaction, photo: UnscheduledOption, target: TargetOption
    ) -> None:
        """Plan the post of a photo: what it says, and when."""
        actor = await interaction_actor(interaction)
        library_photo = await self._photos.get(actor, photo.id)
        post = library_photo.post
        if post is not None and post.status != PostStatus.DRAFT:
            target_label = library_photo.target.name if library_photo.target else ""
            at = post.posted_at or post.scheduled_at
            raise PhotoHasPost(photo.file_name, post.status, target_label, at)
        draft = CaptionDraft(
            caption=post.caption if post else "",
            alt_text=photo.alt_text,
            first_comment=post.first_comment if post else "",
        )
        on_done = schedule_on_submit(self._posts, actor, photo, target)
        zone = await self._zone(actor, target)
        form = PostForm("Plan a post", target, draft, NEXT, on_done, zone=zone)
        await interaction.response.send_modal(form)

    @app_commands.command()
    @app_commands.describe(
        photo="Which photo", target="Where it will be posted", wish="What the text should mention"
    )
    async def draft(
        self,
        interaction: Interaction,
        photo: UnscheduledOption,
        target: TargetOption | None = None,
        wish: app_commands.Range[str, 1, 300] = "",
    ) -> None:
        """Let the personality write the post of a photo; you edit it before it is saved."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = await interaction_actor(interaction)
        view = DraftView(
            actor,
            photo,
            target,
            wish=wish,
            zone=await self._zone(actor, target),
            drafter=self._drafter,
            posts=self._posts,
        )
        await view.open(interaction)

    @app_commands.command(name="list")
    @app_commands.describe(personality="Only this one's", status="Only posts with this status")
    async def list_(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption | None = None,
        status: PostStatus | None = None,
    ) -> None:
        """Show your posts."""
        posts = await self._calendar.list_posts(
            await interaction_actor(interaction),
            personality_id=personality.id if personality else None,
            statuses=[status] if status else (),
        )
        lines = [post_summary(each) for each in posts]
        await show_list(
            interaction, title="Posts", lines=lines, empty="`/schedule post` plans one."
        )

    @app_commands.command()
    @app_commands.describe(personality="Only this one's", month="Like 2026-12")
    async def calendar(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption | None = None,
        month: app_commands.Range[str, 7, 7] | None = None,
    ) -> None:
        """Show a month of posts."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = await interaction_actor(interaction)
        zone = ZoneInfo(await self._calendar.time_zone(actor) or "UTC")
        today = self._calendar.today(zone)
        view = CalendarView(
            actor,
            self._calendar,
            self._photos,
            zone=zone,
            today=today,
            first=_parse_month(month) if month else today.replace(day=1),
            personality_id=personality.id if personality else None,
            owner_label=personality.name if personality else "all your personalities",
        )
        await view.open(interaction)

    @app_commands.command()
    @app_commands.describe(post="Which post")
    async def edit(self, interaction: Interaction, post: PostOption) -> None:
        """Change what a post says, or when it goes out."""
        actor = await interaction_actor(interaction)
        details = post
        draft = CaptionDraft(
            caption=details.post.caption,
            alt_text=details.photo.alt_text,
            first_comment=details.post.first_comment,
        )
        current_time, zone = "", await self._zone(actor, details.target)
        if details.post.scheduled_at is not None and details.post.status == PostStatus.SCHEDULED:
            current_time = f"{details.post.scheduled_at.astimezone(zone):%Y-%m-%d %H:%M}"

        async def change(pressed: AnyInteraction, changed: CaptionDraft, when: str) -> None:
            new_time = when.strip() if when.strip() != current_time else ""
            edited = await self._posts.edit(
                await interaction_actor(pressed), details.post.id, changed, when=new_time or None
            )
            await reply(pressed, f"Changed.\n{post_summary(edited)}")

        form = PostForm("Change a post", details.target, draft, current_time, change, zone=zone)
        await interaction.response.send_modal(form)

    @app_commands.command()
    @app_commands.describe(post="Which post")
    async def cancel(self, interaction: Interaction, post: PostOption) -> None:
        """Cancel a post; its photo can be planned again."""
        details = post

        async def cancel(pressed: AnyInteraction) -> None:
            cancelled = await self._posts.cancel(await interaction_actor(pressed), details.post.id)
            note = " Buffer is asked to remove it." if cancelled.post.cancelled_at else ""
            await pressed.response.edit_message(
                content=f"Cancelled: **{photo_name(details.photo)}**.{note}", view=None
            )

        question = f"Cancel this post?\n{post_summary(details)}"
        await confirm(interaction, question, label="Cancel the post", do=cancel)

    @app_commands.command()
    @app_commands.describe(post="A post of unknown outcome", outcome="What you see there")
    async def settle(
        self,
        interaction: Interaction,
        post: PostOption,
        outcome: Literal["it is posted", "it is not: post it again", "look again"],
    ) -> None:
        """Say whether a post of unknown outcome has been posted."""
        actor = await interaction_actor(interaction)
        if outcome == "look again":
            details = await self._posts.recheck(actor, post.post.id)
        else:
            is_out = outcome == "it is posted"
            details = await self._posts.settle(actor, post.post.id, is_out=is_out)
        await interaction.response.send_message(post_summary(details), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(target="Which target", mode="Pause or resume")
    async def pause(
        self,
        interaction: Interaction,
        target: TargetOption,
        mode: Literal["pause", "resume"] = "pause",
    ) -> None:
        """Pause posting to a target, or resume it."""
        details = await self._targets.pause(
            await interaction_actor(interaction), target.id, paused=mode == "pause"
        )
        words = (
            "Nothing is posted there until `/schedule pause mode:resume`."
            if details.target.paused_at
            else "Posting is resumed. Posts that are less than twelve hours late go out now."
        )
        await interaction.response.send_message(f"{target_name(target)}: {words}", ephemeral=True)

    @app_commands.command()
    @app_commands.describe(target="Which target", zone="By which clock, if not by its own")
    async def slots(
        self, interaction: Interaction, target: TargetOption, zone: ZoneOption | None = None
    ) -> None:
        """Show and set the weekly times at which a target gets photos."""
        actor = await interaction_actor(interaction)
        details = await self._targets.details(actor, target.id)
        form = SlotsForm(actor, self._targets, details, zone or details.target.time_zone)
        await interaction.response.send_modal(form)

    @app_commands.command()
    @app_commands.describe(
        personality="Who posts",
        channel="Post on this channel, too",
        buffer="Post on this channel of Buffer, too",
        remove="Stop posting there; what is planned for it is cancelled",
    )
    async def targets(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        channel: Channel | None = None,
        buffer: str | None = None,
        remove: TargetOption | None = None,
    ) -> None:
        """Show, add or remove the targets that a personality posts to."""
        await change_targets(
            interaction, self._targets, personality, TargetChanges(channel, buffer, remove)
        )

    @app_commands.command()
    async def close(self, interaction: Interaction) -> None:
        """For moderators: stop all posting of photos on this channel."""
        closed = await self._targets.close_channel(
            await interaction_actor(interaction), interaction.channel_id or 0
        )
        words = (
            "No photos are posted here any more; what was planned for here is cancelled."
            if closed
            else "No photos are posted here."
        )
        await interaction.response.send_message(words, ephemeral=True)

    async def _zone(self, actor: Actor, target: SocialTarget | None) -> ZoneInfo:
        """Return the time zone of typed times: the actor's, else the target's."""
        fallback = target.time_zone if target else "UTC"
        return parse_time_zone(await self._calendar.time_zone(actor) or fallback)


def _parse_month(text: str) -> date:
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise TimeUnclear(text) from error
    if not _YEARS[0] <= first.year <= _YEARS[1]:
        raise TimeUnclear(text)
    return first
