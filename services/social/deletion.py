"""Deletion of the photos and posts of a personality."""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Photo, PostStatus, SocialPost, SocialTarget
from services.jobs import Handler, Payload, Run, drop, enqueue
from services.media import enqueue_deletion
from services.social.errors import PublisherBusy
from services.social.ports import Publisher, QueueingPublisher
from services.social.publishers import BUFFER
from services.social.scheduling import lock_key


class RemovalJob(Payload):
    """Remove a post from Buffer's queue whose row has been deleted."""

    kind: ClassVar[str] = "social take back"
    group: ClassVar[str] = BUFFER.group

    remote_id: str


_RETRY_SECONDS = 3600


async def delete_photos_and_posts(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Delete photos, posts and targets of personalities, and remove their queued posts from Buffer.

    What has been posted already is not deleted from the network.
    """
    is_owned = SocialPost.personality_id.in_(ids)
    posts = (await session.scalars(select(SocialPost).where(is_owned))).all()
    await drop(session, [lock_key(each.id) for each in posts])
    for each in posts:
        if each.buffer_post_id is not None and each.status != PostStatus.POSTED:
            await enqueue_removal(session, each.buffer_post_id)
    photos = (await session.scalars(select(Photo).where(Photo.personality_id.in_(ids)))).all()
    for table in (SocialPost, SocialTarget, Photo):
        await session.execute(delete(table).where(table.personality_id.in_(ids)))
    if photos:
        keys = [key for each in photos for key in (each.storage_key, each.thumbnail_key)]
        await enqueue_deletion(session, keys)


async def enqueue_removal(session: AsyncSession, remote_id: str) -> None:
    """Enqueue the removal of a post from Buffer's queue."""
    await enqueue(session, RemovalJob(remote_id=remote_id))


class RemoveFromQueueHandler(Handler[RemovalJob]):
    """Removes posts without a row from Buffer's queue; idempotent."""

    payload_type = RemovalJob
    max_attempts: ClassVar[int] = 1000

    def __init__(self, publishers: Mapping[str, Publisher]) -> None:
        self._publishers = publishers

    @override
    async def run(self, run: Run[RemovalJob]) -> None:
        queue = self._publishers.get(BUFFER.name)
        if not isinstance(queue, QueueingPublisher):
            raise PublisherBusy("there is no key for Buffer any more", _RETRY_SECONDS)
        await queue.remove(run.payload.remote_id)
