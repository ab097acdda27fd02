"""Notices on Discord: an edited reply while the token of its interaction is valid, else a DM.

Only Discord's REST API is used, so any process with a bot token can send them.
"""

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import discord
from discord import ui
from discord.http import Route, handle_message_parameters
from typing_extensions import override

from bot.discord.buttons.posts import settle_view
from bot.discord.buttons.publishing import review_view
from bot.discord.embeds.characters import progress_embed
from bot.discord.embeds.posts import notice_text
from bot.discord.embeds.publishing import result_text, review_embed
from bot.discord.errors import explain
from bot.discord.messages import escape
from services.access import BudgetWarning
from services.characters import Progress
from services.chat import NameTaken
from services.errors import NotificationFailed
from services.keys import KeyRefusedNotice
from services.media import contact_sheet
from services.notifications import Notice, Notifier, ReplyAddress
from services.publishing import PublishResult
from services.retention import ANNOUNCED_DAYS, RetentionAnnouncement
from services.social import PostNotice, PostStatus

log = logging.getLogger(__name__)

# The token of an interaction is valid for fifteen minutes.
_TOKEN_LIFETIME = timedelta(minutes=14, seconds=30)
# The token expired, the reply was dismissed, or the channel is not accessible.
_UNREACHABLE = (401, 403, 404)
_REPLY = "/webhooks/{application_id}/{token}/messages/@original"


@dataclass(frozen=True, kw_only=True)
class _Message:
    """A rendered notice."""

    content: str | None = None
    embed: discord.Embed | None = None
    files: list[discord.File] = field(default_factory=list[discord.File])
    view: ui.View | None = None


async def _render_publish_result(notice: PublishResult) -> _Message:
    if notice.review is None:
        return _Message(content=result_text(notice))
    return _Message(
        content=result_text(notice),
        embed=review_embed(notice.review),
        view=review_view(notice.attempt.id),
    )


async def _render_progress(notice: Progress) -> _Message:
    embed = progress_embed(notice)
    if not notice.thumbnails:
        return _Message(embed=embed)
    sheet = await asyncio.to_thread(contact_sheet, notice.thumbnails)
    embed.set_image(url="attachment://pictures.png")
    return _Message(embed=embed, files=[discord.File(io.BytesIO(sheet), "pictures.png")])


async def _render_post_notice(notice: PostNotice) -> _Message:
    post = notice.details.post
    view = settle_view(post.id) if post.status == PostStatus.UNCONFIRMED else None
    return _Message(content=notice_text(notice), view=view)


async def _render_budget_warning(notice: BudgetWarning) -> _Message:
    share = notice.used_usd / notice.budget_usd if notice.budget_usd else 1
    return _Message(
        content=(
            f"{share:.0%} of the budget of 24 hours are spent: ${notice.used_usd:.2f} of "
            f"${notice.budget_usd:.2f}. When it is spent, nobody but you gets answers of paid "
            "models. `/usage` shows who used what, `/budget set` changes it."
        )
    )


async def _render_key_refused(notice: KeyRefusedNotice) -> _Message:
    return _Message(content=explain(notice.error))


async def _render_retention(notice: RetentionAnnouncement) -> _Message:
    parts = [
        *(
            [f"{notice.history_rows:,} rows of history older than {notice.history_days} days"]
            if notice.history_days
            else []
        ),
        *(
            [f"{notice.memory_rows:,} memories older than {notice.memory_days} days"]
            if notice.memory_days
            else []
        ),
    ]
    return _Message(
        content=(
            f"In {ANNOUNCED_DAYS} days I begin to delete what is old: {' and '.join(parts)}. That "
            "goes on every day. `HISTORY_DAYS` and `MEMORY_DAYS` say how long things are kept; 0 "
            "is for ever."
        )
    )


async def _render_name_taken(notice: NameTaken) -> _Message:
    return _Message(
        content=(
            f"In the server `{notice.guild_id}`, a member or role is called "
            f"**{escape(notice.name)}** now, so your personality **{escape(notice.personality)}** "
            "does not answer there under that name. `/personality open` gives it another, or "
            "`/personality alias remove` takes the alias away."
        )
    )


_RENDERERS: Mapping[type[Notice], Callable[[Any], Awaitable[_Message]]] = {
    PublishResult: _render_publish_result,
    Progress: _render_progress,
    PostNotice: _render_post_notice,
    BudgetWarning: _render_budget_warning,
    NameTaken: _render_name_taken,
    KeyRefusedNotice: _render_key_refused,
    RetentionAnnouncement: _render_retention,
}


def reply_address(interaction: discord.Interaction[Any]) -> ReplyAddress:
    """Return the address at which the reply to an interaction can be edited while it is valid."""
    return {
        "application_id": str(interaction.application_id),
        "token": interaction.token,
        "until": (datetime.now(UTC) + _TOKEN_LIFETIME).isoformat(),
    }


class DiscordNotifier(Notifier):
    """Edits replies and sends DMs."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    @override
    async def edit_reply(self, address: ReplyAddress, notice: Notice) -> bool:
        if datetime.fromisoformat(address["until"]) < datetime.now(UTC):
            return False
        message = await _RENDERERS[type(notice)](notice)
        route = Route(
            "PATCH", _REPLY, application_id=address["application_id"], token=address["token"]
        )
        with handle_message_parameters(
            content=message.content,
            embed=message.embed,
            attachments=message.files,
            view=message.view,
        ) as parameters:
            try:
                await self._client.http.request(
                    route,
                    json=parameters.payload,
                    files=parameters.files,
                    form=parameters.multipart,
                )
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                if not isinstance(error, discord.HTTPException) or error.status not in _UNREACHABLE:
                    raise NotificationFailed from error
                log.info("A reply can no longer be edited: %s", error)
                return False
        return True

    @override
    async def send_dm(self, discord_id: int, notice: Notice) -> bool:
        message = await _RENDERERS[type(notice)](notice)
        try:
            user = await self._client.fetch_user(discord_id)
            await user.send(
                message.content,
                embed=message.embed or discord.utils.MISSING,
                files=message.files,
                view=message.view or discord.utils.MISSING,
            )
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("%s accepts no DMs: %s", discord_id, error)
            return False
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise NotificationFailed from error
        return True
