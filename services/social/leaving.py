"""What goes with a personality: its photos, and what is planned of them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus, Photo, PostStatus, SocialPost, SocialTarget, TargetKind
from services.jobs import BUFFER, Handler, Run, drop, enqueue
from services.media import promise_deletion
from services.social.doorbell import key_of
from services.social.errors import PublisherBusy
from services.social.ports import Publisher, Queue

KIND = "social take back"
_HOUR = 3600


async def forget(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Delete photos, posts and targets of personalities; what is in a queue is taken out of it.

    What is posted already stays where it is.
    """
    mine = SocialPost.personality_id.in_(ids)
    posts = (await session.scalars(select(SocialPost).where(mine))).all()
    await drop(session, [key_of(each.id) for each in posts])
    for each in posts:
        if each.buffer_post_id is not None and each.status != PostStatus.POSTED:
            await take_back(session, each.buffer_post_id)
    photos = (await session.scalars(select(Photo).where(Photo.personality_id.in_(ids)))).all()
    for table in (SocialPost, SocialTarget, Photo):
        await session.execute(delete(table).where(table.personality_id.in_(ids)))
    if photos:
        keys = [key for each in photos for key in (each.storage_key, each.thumbnail_key)]
        await promise_deletion(session, keys)


async def take_back(session: AsyncSession, remote_id: str) -> None:
    """Let a post be taken out of the queue that no row names any more."""
    await enqueue(session, KIND, {"remote_id": remote_id}, lane=BUFFER)


class TakeBackHandler(Handler):
    """Takes posts out of a queue whose rows are gone; it may be done any number of times."""

    kind: ClassVar[str] = KIND
    limit: ClassVar[int] = 1000

    def __init__(self, publishers: Mapping[str, Publisher]) -> None:
        self._publishers = publishers

    @override
    async def run(self, run: Run) -> None:
        queue = self._publishers.get(TargetKind.BUFFER)
        if not isinstance(queue, Queue):
            raise PublisherBusy("there is no key for Buffer any more", _HOUR)
        await queue.take_back(run.payload["remote_id"])

    @override
    async def mark(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        """There is nobody to tell any more."""
