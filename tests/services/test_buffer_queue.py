"""Posts queued at Buffer: edits, cancellations and pauses are applied there."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from db.models import Job, JobStatus, SocialPost
from services.jobs import JobMetrics, JobService
from services.privacy import PrivacyService
from services.social import CaptionDraft, PostClosed
from tests.services.job_support import nothing_due
from tests.services.posting_support import DUE, NOW, OWNER, TEXT, Posting
from tests.vendors.buffer import BufferStandIn, Fate

# Each waits for a queue that is polled.
pytestmark = pytest.mark.slow


async def test_changes_are_made_in_the_queue(posting: Posting, buffer: BufferStandIn) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()

    changed = CaptionDraft(caption="The lamp is out.", alt_text="Dark.")
    await posting.posts.edit(OWNER, entry.post.id, changed, when="2026-03-30 09:00")
    await posting.run_due_jobs()

    (queued,) = buffer.posts.values()
    assert (queued["text"], queued["altText"]) == ("The lamp is out.", "Dark.")
    assert queued["dueAt"] == "2026-03-30T07:00:00.000Z"
    assert (await posting.now(entry)).sent_revision == 2


async def test_what_is_called_off_leaves_the_queue_and_the_photo_is_free(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library()
    target = await posting.channel(photo)
    entry = await posting.planned(photo, target)
    await posting.run_due_jobs()

    await posting.posts.cancel(OWNER, entry.post.id)
    await posting.run_due_jobs()

    assert buffer.posts == {}
    assert not await posting.exists(entry)
    assert await posting.planned(photo, target)


async def test_what_went_out_before_it_could_be_called_off_is_posted(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    await posting.posts.cancel(OWNER, entry.post.id)
    await buffer.publish(DUE)

    await posting.run_due_jobs()

    assert (await posting.now(entry)).status == "posted"
    with pytest.raises(PostClosed):
        await posting.posts.cancel(OWNER, entry.post.id)


async def test_a_paused_target_has_nothing_in_the_queue(
    posting: Posting, buffer: BufferStandIn
) -> None:
    first, second = await posting.library(2)
    target = await posting.channel(first)
    entry = await posting.planned(first, target)
    await posting.run_due_jobs()

    await posting.targets.pause(OWNER, target.id, paused=True)
    held = await posting.planned(second, target, "tomorrow 19:00")
    await posting.run_due_jobs()
    while_paused = dict(buffer.posts)
    await posting.targets.pause(OWNER, target.id, paused=False)
    await posting.run_due_jobs()

    assert while_paused == {}
    assert len(buffer.posts) == 2
    for each in (entry, held):
        assert (await posting.now(each)).buffer_post_id in buffer.posts


async def test_a_removed_target_takes_its_posts_along(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library()
    target = await posting.channel(photo)
    entry = await posting.planned(photo, target)
    await posting.run_due_jobs()

    await posting.targets.remove(OWNER, target.id)
    await posting.run_due_jobs()

    assert buffer.posts == {}
    assert not await posting.exists(entry)
    assert await posting.channel(photo)  # it may be added again


async def test_what_somebody_took_out_at_buffer_has_failed(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    buffer.posts.clear()

    await posting.run_due_jobs(hours=31)

    ended = await posting.now(entry)
    assert (ended.status, ended.buffer_post_id) == ("failed", None)
    assert ended.error == "The post was removed from Buffer's queue for **mirela.keeps**."


async def test_what_buffer_never_says_anything_of_is_asked(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()

    await posting.run_due_jobs(days=3)

    assert (await posting.now(entry)).status == "unconfirmed"


async def test_what_is_late_goes_out_soon_and_what_is_far_too_late_does_not(
    posting: Posting, buffer: BufferStandIn
) -> None:
    first, second = await posting.library(2)
    target = await posting.channel(first)
    late = await posting.planned(first, target, "tomorrow 18:00")
    too_late = await posting.planned(second, target, "tomorrow 01:00")

    await posting.run_due_jobs(days=1, hours=6)

    (queued,) = buffer.posts.values()
    due = datetime.fromisoformat(queued["dueAt"])
    assert NOW + timedelta(days=1, hours=6) < due < NOW + timedelta(days=1, hours=7)
    assert (await posting.now(late)).buffer_post_id == queued["id"]
    missed = await posting.now(too_late)
    assert missed.status == "failed"
    assert "too late" in (missed.error or "")


async def test_what_went_out_before_it_was_changed_is_posted(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    await buffer.publish(DUE)

    await posting.posts.edit(OWNER, entry.post.id, CaptionDraft(caption="Too late", alt_text=""))
    await posting.run_due_jobs()

    assert (await posting.now(entry)).status == "posted"


@pytest.mark.parametrize("what", ["edit", "cancel"])
async def test_a_refused_change_leaves_what_is_in_the_queue_known(
    posting: Posting, buffer: BufferStandIn, what: str
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    if what == "edit":
        buffer.fates.append(Fate(payload="InvalidInputError", message="Text is odd"))
        await posting.posts.edit(OWNER, entry.post.id, TEXT)
    else:
        buffer.fates.append(Fate(code="UNAUTHORIZED"))
        await posting.posts.cancel(OWNER, entry.post.id)

    await posting.run_due_jobs()
    refused = await posting.now(entry)
    await posting.run_due_jobs(all_posts=True)

    assert (refused.status, refused.buffer_post_id) == ("scheduled", "post1")
    assert refused.error
    if what == "edit":
        assert (await posting.now(entry)).sent_revision == 2
        assert len(buffer.posts) == 1
    else:
        assert not await posting.exists(entry)
        assert buffer.posts == {}


async def test_a_deleted_personality_leaves_nothing_in_the_queue(
    posting: Posting, buffer: BufferStandIn
) -> None:
    first, second = await posting.library(2)
    target = await posting.channel(first)
    await posting.planned(first, target)
    await posting.planned(second, target, "tomorrow 19:00")
    await posting.run_due_jobs()

    await posting.people.delete(OWNER, first.personality_id)
    await posting.run_due_jobs()

    assert buffer.posts == {}
    assert [each async for each in posting.studio.store.list_objects("photos/")] == []


async def test_who_deletes_everything_leaves_nothing_in_the_queue(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library()
    await posting.planned(photo, await posting.channel(photo))
    await posting.run_due_jobs()
    privacy = PrivacyService(posting.sessions)

    export = (await privacy.export(OWNER)).data.decode()
    await privacy.delete(OWNER)
    await posting.run_due_jobs()

    assert "The lamp is lit." in export
    assert '"social_targets"' in export
    assert buffer.posts == {}
    assert [each async for each in posting.studio.store.list_objects("photos/")] == []


async def test_a_target_paused_while_a_post_goes_out_has_it_taken_back(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library()
    target = await posting.channel(photo)
    entry = await posting.planned(photo, target)
    async with posting.sessions.begin() as session:
        post = await session.get_one(SocialPost, entry.post.id)
        post.status, post.sending_at = "sending", posting.clock.now()
        post.fingerprint = {"due_at": DUE.isoformat()}
    buffer.create(
        {
            "channelId": "ig",
            "mode": "customScheduled",
            "dueAt": DUE.isoformat(),
            "text": TEXT.caption,
            "metadata": {"instagram": {"type": "post", "shouldShareToFeed": True}},
            "assets": [{"image": {"url": posting.studio.store.public_url(photo.storage_key)}}],
        }
    )

    await posting.targets.pause(OWNER, target.id, paused=True)
    await posting.run_due_jobs()
    await posting.run_due_jobs()

    assert buffer.posts == {}
    held = await posting.now(entry)
    assert (held.status, held.buffer_post_id) == ("scheduled", None)


@pytest.mark.parametrize("action", ["look", "cancel"])
async def test_what_a_key_may_not_see_is_not_taken_for_gone(
    posting: Posting, buffer: BufferStandIn, action: str
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    if action == "cancel":
        await posting.posts.cancel(OWNER, entry.post.id)
    buffer.forbids = {"deletePost" if action == "cancel" else "post"}

    await posting.run_due_jobs(all_posts=True)
    refused = await posting.now(entry)
    await posting.run_due_jobs(all_posts=True)

    assert (refused.status, refused.buffer_post_id) == ("scheduled", "post1")
    assert "BUFFER_API_KEY" in (refused.error or "")
    assert await posting.exists(entry) is (action == "look")
    assert len(buffer.posts) == (action == "look")


async def test_a_full_queue_is_asked_again_when_it_may_have_room(
    posting: Posting, buffer: BufferStandIn
) -> None:
    first, second = await posting.library(2)
    target = await posting.channel(first)
    await posting.planned(first, target, "in 4 hours")
    await posting.run_due_jobs()
    await posting.planned(second, target, "in 3 hours")
    buffer.fates.append(Fate(payload="LimitReachedError", message="One post is the limit"))

    await posting.run_due_jobs()

    async with posting.sessions() as session:
        waits = func.extract("epoch", Job.due_at - func.now())
        pending = (Job.status == JobStatus.PENDING, Job.failures == 1)
        (wait,) = (await session.scalars(select(waits).where(*pending))).all()
    assert 4 * 3600 < wait <= 4 * 3600 + 60


async def test_what_found_no_room_in_time_has_failed_and_says_so(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    buffer.fates.append(Fate(payload="LimitReachedError", message="Ten posts is the limit"))
    await posting.run_due_jobs()

    await posting.run_due_jobs(days=2)

    ended = await posting.now(entry)
    assert ended.status == "failed"
    assert "could not be posted" in (ended.error or "")


async def test_a_refused_change_is_not_asked_for_over_and_over(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    await posting.posts.edit(OWNER, entry.post.id, replace(TEXT, caption="Another lamp."))
    buffer.fates.append(Fate(payload="InvalidInputError", message="Text is odd"))
    await posting.run_due_jobs()

    async with posting.sessions() as session:
        waits = func.extract("epoch", Job.due_at - func.now())
        (wait,) = await session.scalars(select(waits).where(Job.status == JobStatus.PENDING))
    assert wait > 24 * 3600


@pytest.mark.parametrize("change", ["edit", "cancel"])
async def test_what_changed_too_late_is_said_with_what_is_out(
    posting: Posting, buffer: BufferStandIn, change: str
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    await buffer.publish(DUE)
    if change == "edit":
        await posting.posts.edit(OWNER, entry.post.id, replace(TEXT, caption="Another lamp."))
    else:
        await posting.posts.cancel(OWNER, entry.post.id)

    await posting.run_due_jobs(days=2)

    out = await posting.now(entry)
    assert (out.status, out.caption) == ("posted", "The lamp is lit.")
    ((discord_id, words),) = posting.notifier.notices
    assert discord_id == OWNER.discord_id
    assert "came too late" in words


async def test_what_goes_out_while_its_personality_is_deleted_is_taken_back(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library()
    await posting.planned(photo, await posting.channel(photo))

    async def delete() -> None:
        if "createPost" in buffer.operations:
            buffer.meanwhile = None
            await posting.people.delete(OWNER, photo.personality_id)

    buffer.meanwhile = delete

    async with posting.working(), asyncio.timeout(30):
        while "deletePost" not in buffer.operations:
            await asyncio.sleep(0.02)
        await nothing_due(posting.sessions)

    assert buffer.posts == {}


async def test_a_removed_target_takes_along_what_nobody_knew_of(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    await posting.run_due_jobs(days=2, hours=8)  # Buffer never says anything of it
    unsure = await posting.now(entry)
    assert unsure.target_id is not None

    await posting.targets.remove(OWNER, unsure.target_id)
    await posting.run_due_jobs()

    assert unsure.status == "unconfirmed"
    assert buffer.posts == {}


async def test_what_was_called_off_by_an_operator_can_be_taken_up_again(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    jobs = JobService(posting.sessions, posting.handlers, JobMetrics())
    (waiting,) = await jobs.list_jobs(kind="social post")

    await jobs.cancel(str(waiting.id))
    called_off = await posting.now(entry)
    await jobs.retry(str(waiting.id))
    await posting.run_due_jobs()

    assert called_off.status == "failed"
    assert (await posting.now(entry)).buffer_post_id in buffer.posts


async def test_who_pauses_and_resumes_leaves_one_job_a_post(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    assert entry.target is not None
    for _ in range(3):
        for paused in (True, False):
            await posting.targets.pause(OWNER, entry.target.id, paused=paused)
            await posting.run_due_jobs()

    async with posting.sessions() as session:
        pending = (await session.scalars(select(Job).where(Job.status == JobStatus.PENDING))).all()
    assert len(pending) == 1
    assert len(buffer.posts) == 1
