"""Telling whoever planned a post that it did not go as planned, or that nobody knows."""

from datetime import timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus, Personality, PostStatus, SocialPost
from db.session import Sessions
from services.jobs import DISCORD, Handler, Run, enqueue
from services.notifications import Notifier
from services.social import queries
from services.social.types import PostNotice

KIND = "social notice"
_LATER = timedelta(seconds=1)


async def enqueue_notice(session: AsyncSession, post: SocialPost) -> None:
    """Let whoever planned a post be told what became of it, by a process that has Discord."""
    if _is_news(post):
        await enqueue(session, KIND, {"post": str(post.id)}, due=_LATER, lane=DISCORD)


class SocialNoticeHandler(Handler):
    """Writes a DM."""

    kind: ClassVar[str] = KIND

    def __init__(self, sessions: Sessions, notifier: Notifier) -> None:
        self._sessions = sessions
        self._notifier = notifier

    @override
    async def run(self, run: Run) -> None:
        async with self._sessions() as session:
            entry = await queries.details(session, UUID(run.payload["post"]))
            if entry is None or not _is_news(entry.post):
                return
            people = await queries.notice_recipients(session, entry.post)
            personality = await session.get_one(Personality, entry.post.personality_id)
        told = PostNotice(details=entry, personality=personality.name)
        for discord_id in people:
            await run.step(f"told {discord_id}", bool, partial(self._tell, discord_id, told))

    async def _tell(self, discord_id: int, told: PostNotice) -> bool:
        return await self._notifier.send_dm(discord_id, told)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        """The list of posts says it as well."""


def _is_news(post: SocialPost) -> bool:
    """Whether a post did not go as planned."""
    is_odd = post.status == PostStatus.POSTED and post.error is not None
    return is_odd or post.status in (PostStatus.FAILED, PostStatus.UNCONFIRMED)
