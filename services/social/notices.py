"""Notices about posts that failed, changed, or could not be confirmed."""

from datetime import timedelta
from functools import partial
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Personality, PostStatus, SocialPost
from db.session import Sessions
from services.jobs import DISCORD, Handler, Payload, Run, enqueue
from services.notifications import Notifier
from services.social import queries
from services.social.types import PostNotice


class PostNoticeJob(Payload):
    """Notify the author or the owners of a post."""

    kind: ClassVar[str] = "social notice"
    group: ClassVar[str] = DISCORD

    post: UUID


_DELAY = timedelta(seconds=1)


async def enqueue_notice(session: AsyncSession, post: SocialPost) -> None:
    """Enqueue a notice about a post if it needs one; a process connected to Discord sends it."""
    if _needs_notice(post):
        await enqueue(session, PostNoticeJob(post=post.id), due=_DELAY)


class SocialNoticeHandler(Handler[PostNoticeJob]):
    """Sends notices as DMs."""

    payload_type = PostNoticeJob

    def __init__(self, sessions: Sessions, notifier: Notifier) -> None:
        self._sessions = sessions
        self._notifier = notifier

    @override
    async def run(self, run: Run[PostNoticeJob]) -> None:
        async with self._sessions() as session:
            details = await queries.details(session, run.payload.post)
            if details is None or not _needs_notice(details.post):
                return
            recipients = await queries.notice_recipients(session, details.post)
            personality = await session.get_one(Personality, details.post.personality_id)
        notice = PostNotice(details=details, personality=personality.name)
        for discord_id in recipients:
            await run.step(f"told {discord_id}", bool, partial(self._send, discord_id, notice))

    async def _send(self, discord_id: int, notice: PostNotice) -> bool:
        return await self._notifier.send_dm(discord_id, notice)


def _needs_notice(post: SocialPost) -> bool:
    """Whether a post failed, is unconfirmed, or was posted with an error."""
    is_odd = post.status == PostStatus.POSTED and post.error is not None
    return is_odd or post.status in (PostStatus.FAILED, PostStatus.UNCONFIRMED)
