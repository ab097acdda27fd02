"""Telling whoever planned a post that it did not go as planned, or that nobody knows."""

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
    """Whoever planned a post is to be told of it."""

    kind: ClassVar[str] = "social notice"
    group: ClassVar[str] = DISCORD

    post: UUID


_LATER = timedelta(seconds=1)


async def enqueue_notice(session: AsyncSession, post: SocialPost) -> None:
    """Let whoever planned a post be told what became of it, by a process that has Discord."""
    if _is_news(post):
        await enqueue(session, PostNoticeJob(post=post.id), due=_LATER)


class SocialNoticeHandler(Handler[PostNoticeJob]):
    """Writes a DM."""

    payload_type = PostNoticeJob

    def __init__(self, sessions: Sessions, notifier: Notifier) -> None:
        self._sessions = sessions
        self._notifier = notifier

    @override
    async def run(self, run: Run[PostNoticeJob]) -> None:
        async with self._sessions() as session:
            entry = await queries.details(session, run.payload.post)
            if entry is None or not _is_news(entry.post):
                return
            people = await queries.notice_recipients(session, entry.post)
            personality = await session.get_one(Personality, entry.post.personality_id)
        told = PostNotice(details=entry, personality=personality.name)
        for discord_id in people:
            await run.step(f"told {discord_id}", bool, partial(self._tell, discord_id, told))

    async def _tell(self, discord_id: int, told: PostNotice) -> bool:
        return await self._notifier.send_dm(discord_id, told)


def _is_news(post: SocialPost) -> bool:
    """Whether a post did not go as planned."""
    is_odd = post.status == PostStatus.POSTED and post.error is not None
    return is_odd or post.status in (PostStatus.FAILED, PostStatus.UNCONFIRMED)
