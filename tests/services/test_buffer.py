"""Posts through Buffer: each is published once, whatever fails."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from db.models import ActionType, EngineAct, RateWindow
from services.images import ImagePipeline
from services.social import (
    NetworkUnsupported,
    NoSuchBufferChannel,
    PublisherBusy,
    PublisherMissing,
    TargetChannelClosed,
    TargetTaken,
)
from tests.services.job_support import end_leases
from tests.services.posting_support import DUE, OWNER, TEXT, Posting
from tests.vendors.buffer import BufferStandIn, Fate
from tests.vendors.fetching import PublicFolder, fetch

# Each waits for a queue that is polled.
pytestmark = pytest.mark.slow


async def test_a_post_is_handed_over_and_followed_until_it_is_out(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library()
    target = await posting.channel(photo)
    draft = replace(TEXT, first_comment="Built in 1871.")

    entry = await posting.planned(photo, target, draft=draft)
    await posting.run_due_jobs()
    (queued,) = buffer.posts.values()
    handed_over = await posting.now(entry)
    status, picture = await fetch(queued["assets"][0]["source"])
    await buffer.publish(DUE)
    await posting.run_due_jobs(days=2)
    out = await posting.now(entry)

    assert queued["text"] == "The lamp is lit."
    assert queued["altText"] == "A lighthouse at dusk."
    assert datetime.fromisoformat(queued["dueAt"]) == DUE
    assert queued["metadata"] == {
        "instagram": {"type": "post", "shouldShareToFeed": True, "firstComment": "Built in 1871."}
    }
    assert (status, picture) == (200, await posting.studio.store.get(photo.storage_key))
    assert (handed_over.status, handed_over.buffer_post_id) == ("scheduled", "post1")
    assert (out.status, out.link) == ("posted", "https://social.example/post1")
    assert out.posted_at == DUE
    async with posting.sessions() as session:
        act = (await session.scalars(select(EngineAct))).one()
    assert (act.action_type, act.social_post_id) == (ActionType.SHARED, entry.post.id)


async def test_a_picture_that_a_machine_made_says_so(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library(is_made=True)
    target = await posting.channel(photo, "x")

    await posting.planned(photo, target)
    await posting.run_due_jobs()

    (queued,) = buffer.posts.values()
    assert queued["text"] == "The lamp is lit.\n\n🤖 AI-generated image"
    assert queued["metadata"] == {"twitter": {"isAiGenerated": True}}


@pytest.mark.parametrize(
    ("fate", "status", "words"),
    [
        (Fate(payload="InvalidInputError", message="Text is odd"), "failed", "Text is odd"),
        (Fate(payload="UnauthorizedError"), "failed", "BUFFER_API_KEY"),
        (Fate(payload="NotFoundError"), "failed", "The channel **mirela.keeps** is gone"),
        (Fate(payload="RestProxyError", message="no"), "failed", "The post was rejected: no."),
        (Fate(payload="UnexpectedError"), "unconfirmed", "Please check, and say which it is."),
        (Fate(code="UNEXPECTED"), "unconfirmed", "Please check, and say which it is."),
        (Fate(code="FORBIDDEN"), "failed", "BUFFER_API_KEY"),
        (Fate(http=503), "unconfirmed", "Please check, and say which it is."),
        (Fate(is_odd=True), "unconfirmed", "Please check, and say which it is."),
        (Fate(http=0), "unconfirmed", "Please check, and say which it is."),
    ],
    ids=str,
)
async def test_what_buffer_refuses_is_said_and_what_it_leaves_open_is_asked(
    posting: Posting, buffer: BufferStandIn, fate: Fate, status: str, words: str
) -> None:
    entry = await posting.schedule_new_photo()
    buffer.fates.append(fate)

    await posting.run_due_jobs()
    await posting.run_due_jobs(all_posts=True)

    ended = await posting.now(entry)
    assert ended.status == status
    assert words in (ended.error or "")
    assert posting.notifier.notices == [(OWNER.discord_id, ended.error)]
    assert buffer.posts == {}
    assert buffer.operations.count("createPost") == 1


@pytest.mark.parametrize(
    "fate", [Fate(http=503, when="after"), Fate(http=0, when="after")], ids=str
)
async def test_what_was_taken_without_an_answer_is_found_and_not_posted_again(
    posting: Posting, buffer: BufferStandIn, fate: Fate
) -> None:
    first, second = await posting.library(2)
    target = await posting.channel(first)
    await posting.planned(second, target, "tomorrow 17:00")
    await posting.run_due_jobs()
    entry = await posting.planned(first, target)
    buffer.fates.append(fate)

    await posting.run_due_jobs()

    post = await posting.now(entry)
    assert (post.status, post.buffer_post_id) == ("scheduled", "post2")
    assert len(buffer.posts) == 2


async def test_a_full_queue_is_waited_for(posting: Posting, buffer: BufferStandIn) -> None:
    entry = await posting.schedule_new_photo()
    buffer.fates.append(Fate(payload="LimitReachedError", message="Ten posts is the limit"))

    await posting.run_due_jobs()
    waiting = await posting.now(entry)
    await posting.run_due_jobs(all_posts=True)
    queued = await posting.now(entry)

    assert (waiting.status, waiting.buffer_post_id) == ("scheduled", None)
    assert "Ten posts is the limit" in (waiting.error or "")
    assert (queued.buffer_post_id, queued.error) == ("post1", None)


async def test_windows_of_requests_are_shared_by_all_processes(
    posting: Posting, buffer: BufferStandIn
) -> None:
    buffer.remaining["24h"] = 3
    (photo,) = await posting.library()
    entry = await posting.planned(photo, await posting.channel(photo))  # two requests

    other = Posting(posting.sessions, posting.studio, buffer_url=buffer.url, clock=posting.clock)
    await other.run_due_jobs()  # the third
    async with posting.sessions() as session:
        windows = (await session.scalars(select(RateWindow).order_by(RateWindow.seconds))).all()
    requests = list(buffer.operations)
    with pytest.raises(PublisherBusy):
        await posting.targets.channels(OWNER)

    assert [(each.seconds, each.remaining) for each in windows] == [
        (900, 97),
        (86_400, 0),
        (2_592_000, 2997),
    ]
    assert buffer.operations == requests
    waiting = await posting.now(entry)
    assert (waiting.status, waiting.buffer_post_id) == ("scheduled", None)
    assert "asked too often" in (waiting.error or "")


@pytest.mark.parametrize(("window", "seconds"), [("15m", 900), ("24h", 86_400), ("30d", 2_592_000)])
async def test_too_many_requests_are_waited_out(
    posting: Posting, buffer: BufferStandIn, window: str, seconds: int
) -> None:
    entry = await posting.schedule_new_photo()
    buffer.fates.append(Fate(window=window))

    async with posting.working():
        while (await posting.now(entry)).buffer_post_id is None:
            await posting.make_due()

    async with posting.sessions() as session:
        shut = await session.get_one(RateWindow, (await _vendor(posting), seconds))
    assert shut.remaining > 0  # as the next answer said
    assert len(buffer.posts) == 1


async def _vendor(posting: Posting) -> str:
    async with posting.sessions() as session:
        return (await session.scalars(select(RateWindow.vendor).distinct())).one()


async def test_a_refused_key_is_named(posting: Posting, buffer: BufferStandIn) -> None:
    entry = await posting.schedule_new_photo()
    other = Posting(
        posting.sessions, posting.studio, buffer_url=buffer.url, key="no", clock=posting.clock
    )

    await other.run_due_jobs()

    ended = await posting.now(entry)
    assert ended.status == "failed"
    assert "BUFFER_API_KEY" in (ended.error or "")


async def test_nothing_is_handed_over_that_buffer_could_not_fetch(
    posting: Posting, buffer: BufferStandIn, outside: PublicFolder
) -> None:
    entry = await posting.schedule_new_photo()
    outside.is_open = False

    async with posting.working():
        while (await posting.now(entry)).error is None:
            await posting.make_due()
        waiting = await posting.now(entry)
        requests = list(buffer.operations)
        outside.is_open = True
        while (await posting.now(entry)).buffer_post_id is None:
            await posting.make_due()

    assert waiting.status == "scheduled"
    assert "MEDIA_PUBLIC_URL" in (waiting.error or "")
    assert "HTTP 502" in (waiting.error or "")
    assert "createPost" not in requests


async def test_without_a_public_address_the_post_says_which_setting_is_missing(
    posting: Posting, buffer: BufferStandIn, studio: ImagePipeline
) -> None:
    entry = await posting.schedule_new_photo()
    closed = Posting(posting.sessions, studio, buffer_url=buffer.url, clock=posting.clock)

    await closed.run_due_jobs()

    ended = await posting.now(entry)
    assert ended.status == "failed"
    assert "MEDIA_PUBLIC_URL" in (ended.error or "")


async def test_a_picture_that_buffer_could_not_fetch_at_its_time_has_failed(
    posting: Posting, buffer: BufferStandIn, outside: PublicFolder
) -> None:
    entry = await posting.schedule_new_photo()
    await posting.run_due_jobs()
    outside.is_open = False
    await buffer.publish(DUE)

    await posting.run_due_jobs(days=1, hours=6)

    ended = await posting.now(entry)
    assert ended.status == "failed"
    assert "HTTP 502" in (ended.error or "")


@pytest.mark.parametrize("is_out", [True, False])
async def test_a_person_says_what_nobody_knows(
    posting: Posting,
    buffer: BufferStandIn,
    is_out: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    entry = await posting.schedule_new_photo()
    buffer.fates.append(Fate(http=0))
    await posting.run_due_jobs()

    await posting.posts.settle(OWNER, entry.post.id, is_out=is_out)
    await posting.run_due_jobs()

    settled = await posting.now(entry)
    assert settled.status == ("posted" if is_out else "scheduled")
    assert len(buffer.posts) == (0 if is_out else 1)


async def test_what_appears_late_is_found_when_somebody_asks_to_look_again(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    buffer.fates.append(Fate(http=503, when="after"))
    buffer.hides_posts = True
    await posting.run_due_jobs()
    unsure = await posting.now(entry)
    buffer.hides_posts = False

    await posting.posts.recheck(OWNER, entry.post.id)
    await posting.run_due_jobs()

    post = await posting.now(entry)
    assert unsure.status == "unconfirmed"
    assert (post.status, post.buffer_post_id) == ("scheduled", "post1")


async def test_something_alike_is_not_taken_for_the_post(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    buffer.create(
        {
            "channelId": "ig",
            "mode": "customScheduled",
            "dueAt": "2026-03-29T09:00:00Z",
            "text": TEXT.caption,
            "metadata": {"instagram": {"type": "post", "shouldShareToFeed": True}},
            "assets": [{"image": {"url": "https://elsewhere.example/a.jpg"}}],
        }
    )
    buffer.fates.append(Fate(http=0))

    await posting.run_due_jobs()
    unsure = await posting.now(entry)

    assert (unsure.status, unsure.buffer_post_id) == ("unconfirmed", None)
    assert len(buffer.posts) == 1


async def test_a_disconnected_channel_is_said(posting: Posting, buffer: BufferStandIn) -> None:
    (photo,) = await posting.library()
    target = await posting.channel(photo)
    buffer.channels["ig"]["isDisconnected"] = True

    entry = await posting.planned(photo, target)
    await posting.run_due_jobs()
    closed = await posting.now(entry)
    del buffer.channels["ig"]
    await posting.posts.edit(OWNER, entry.post.id, TEXT, when="tomorrow 20:00")
    await posting.run_due_jobs()
    gone = await posting.now(entry)

    assert "it is disconnected" in (closed.error or "")
    assert "is gone" in (gone.error or "")
    assert closed.status == gone.status == "failed"


async def test_channels_are_chosen_from_those_that_buffer_has(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library()
    whose = photo.personality_id
    buffer.channels["x"]["isLocked"] = True

    added = await posting.targets.add_buffer_channel(OWNER, whose, "mirela.keeps · instagram")

    assert (added.name, added.time_zone) == ("mirela.keeps", "Europe/Vienna")
    for name, refusal in {
        "ig": TargetTaken,
        "nobody": NoSuchBufferChannel,
        "boards": NetworkUnsupported,
        "mirela": TargetChannelClosed,
    }.items():
        with pytest.raises(refusal):
            await posting.targets.add_buffer_channel(OWNER, whose, name)
    without = Posting(posting.sessions, posting.studio)
    with pytest.raises(PublisherMissing):
        await without.targets.add_buffer_channel(OWNER, whose, "ig")


async def test_buffer_down_for_an_hour_is_an_hour_later(
    posting: Posting, buffer: BufferStandIn
) -> None:
    (photo,) = await posting.library()
    target = await posting.channel(photo)
    buffer.is_down = True
    entry = await posting.planned(photo, target)

    async with posting.working():
        while (await posting.now(entry)).error is None:
            await posting.make_due()
        buffer.is_down = False
        while (await posting.now(entry)).buffer_post_id is None:
            await posting.make_due()
            await end_leases(posting.sessions)

    assert len(buffer.posts) == 1


async def test_what_nobody_can_look_for_is_asked_and_not_called_failed(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    buffer.fates.append(Fate(http=0, when="after"))
    buffer.loses_channel = True

    await posting.run_due_jobs()
    unsure = await posting.now(entry)

    assert unsure.status == "unconfirmed"
    assert len(buffer.posts) == 1

    await posting.posts.cancel(OWNER, entry.post.id)

    assert not await posting.exists(entry)


async def test_a_window_that_is_shut_for_weeks_is_said_at_once(
    posting: Posting, buffer: BufferStandIn
) -> None:
    entry = await posting.schedule_new_photo()
    buffer.fates.append(Fate(window="30d", wait=20 * 86_400))

    await posting.run_due_jobs()

    ended = await posting.now(entry)
    assert ended.status == "failed"
    assert "asked too often" in (ended.error or "")
