"""Posts whose process is killed are published once, or somebody is asked to check."""

from datetime import datetime

import pytest
from sqlalchemy import func, select

from db.models import EngineAct, SocialPost
from services.media import FolderStore
from services.social import PostDetails
from tests.services.crashes import process
from tests.services.job_support import end_leases
from tests.services.posting_support import NOW, OWNER, TEXT, Posting, deliver
from tests.vendors.buffer import BufferStandIn, Fate, When
from tests.vendors.fetching import PublicFolder

pytestmark = pytest.mark.slow

_MOST_POINTS = 20


async def killed(
    posting: Posting, buffer: BufferStandIn, outside: PublicFolder, url: str, at: int
) -> list[str]:
    """Let a process deliver posts until it is killed; return the checkpoints it passed."""
    store = posting.studio.store
    assert isinstance(store, FolderStore)
    folder = store.path_of("x").parent
    now = posting.clock.now().isoformat()
    _, points = await process(deliver, at, url, buffer.url, folder, outside.url, now)
    await end_leases(posting.sessions)
    return points


async def planned(posting: Posting) -> PostDetails:
    (photo,) = await posting.library()
    await posting.run_due_jobs()
    return await posting.planned(photo, await posting.channel(photo))


async def test_killed_at_any_point_a_post_is_in_the_queue_once_or_asked_about(
    posting: Posting, buffer: BufferStandIn, outside: PublicFolder, database_url: str
) -> None:
    photos = await posting.library(_MOST_POINTS)
    target = await posting.channel(photos[0])
    ended: dict[str, int] = {}

    for number, photo in enumerate(photos):
        buffer.posts.clear()
        entry = await posting.planned(photo, target, f"2026-04-{number + 1:02} 10:00")
        points = await killed(posting, buffer, outside, database_url, number)
        await posting.run_due_jobs()
        post = await posting.now(entry)

        assert post.status in ("scheduled", "unconfirmed"), (points, post.status, post.error)
        if post.status == "scheduled":
            assert [*buffer.posts] == [post.buffer_post_id], points
        else:
            # Nobody could know: the request had not gone out.
            assert points[-1] == "sending"
            assert len(buffer.posts) == 0
        ended[points[-1]] = len(buffer.posts)
        if len(points) <= number:
            break

    assert {"claimed", "sending", "published", "finished"} <= {*ended}


@pytest.mark.parametrize("what", ["edit", "cancel"])
async def test_killed_while_it_changes_the_queue_the_change_is_made_once(
    posting: Posting, buffer: BufferStandIn, outside: PublicFolder, database_url: str, what: str
) -> None:
    photos = await posting.library(8)
    target = await posting.channel(photos[0])

    for number, photo in enumerate(photos):
        buffer.posts.clear()
        entry = await posting.planned(photo, target, f"2026-04-{number + 1:02} 10:00")
        await posting.run_due_jobs()
        if what == "edit":
            await posting.posts.edit(OWNER, entry.post.id, TEXT, when="2026-05-01 10:00")
        else:
            await posting.posts.cancel(OWNER, entry.post.id)
        points = await killed(posting, buffer, outside, database_url, number)
        await posting.run_due_jobs()

        if what == "edit":
            (queued,) = buffer.posts.values()
            post = await posting.now(entry)
            assert (post.status, post.buffer_post_id) == ("scheduled", queued["id"])
            assert queued["dueAt"].startswith("2026-05-01")
            await posting.posts.cancel(OWNER, entry.post.id)
            await posting.run_due_jobs()
        assert buffer.posts == {}
        assert not await posting.exists(entry)
        if len(points) <= number:
            break


async def test_killed_while_it_follows_a_post_is_out_once(
    posting: Posting, buffer: BufferStandIn, outside: PublicFolder, database_url: str
) -> None:
    entry = await planned(posting)
    await posting.run_due_jobs()
    await buffer.publish(datetime.fromisoformat("2026-03-29T00:00:00+00:00"))
    posting.manual_clock.forward(days=2)

    for number in range(4):
        await posting.make_due()
        await killed(posting, buffer, outside, database_url, number)
    await posting.run_due_jobs(all_posts=True)

    assert (await posting.now(entry)).status == "posted"
    async with posting.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(EngineAct)) == 1
        assert await session.scalar(select(func.count()).select_from(SocialPost)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_with_the_connection_cut_nothing_is_doubled(
    posting: Posting,
    buffer: BufferStandIn,
    outside: PublicFolder,
    database_url: str,
    when: When,
) -> None:
    entry = await planned(posting)
    buffer.fates.append(Fate(http=0, when=when))

    points = await killed(posting, buffer, outside, database_url, 2)
    await posting.run_due_jobs()

    post = await posting.now(entry)
    assert points[-1] == "unclear"
    assert post.status == ("scheduled" if when == "after" else "unconfirmed")
    assert len(buffer.posts) == (1 if when == "after" else 0)
    assert posting.clock.now() == NOW
