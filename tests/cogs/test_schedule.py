"""`/schedule`, as those who plan posts use it on Discord."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import discord
import pytest
from PIL import Image
from simcord.results import InteractionResult
from sqlalchemy import select, text

from bot.discord.errors import explain
from db.models import SocialPost, SocialTarget
from db.session import Sessions
from services.media import CARD_WIDTH
from services.social import CaptionDraft, NotScheduled
from services.social.scheduling import enqueue_delivery
from tests.cogs.concurrent import actor, invent
from tests.cogs.conftest import House
from tests.cogs.forms import answer, buttons, content_of, embed, fill, inputs, prefilled, press
from tests.fakes import HandClock
from tests.services.character_support import nothing_due
from tests.services.photo_files import photo

TEXTS = {"caption": "The lamp is lit.", "alt_text": "A lamp."}


@pytest.fixture
def clock() -> HandClock:
    return HandClock(datetime(2026, 3, 27, 12, 0, tzinfo=UTC))


@pytest.fixture
async def harbour(at_work: House) -> House:
    """A moderator whose personality has photos, and may post them in the lobby."""
    await invent(at_work, at_work.moderator, "Ada")
    who, lobby = at_work.moderator, at_work.lobby
    files: dict[str, Any] = {"file": ("a.jpg", photo(1)), "file2": ("b.jpg", photo(2))}
    await who.slash(lobby, "photos import", personality="Ada", **files)
    await who.slash(lobby, "schedule targets", personality="Ada", channel=lobby)
    return at_work


async def advance(sessions: Sessions, clock: HandClock, **span: float) -> None:
    """Advance the clock, and wait until due jobs have run."""
    clock.forward(**span)
    async with sessions.begin() as session:
        await session.execute(
            text("UPDATE jobs.jobs SET due_at = now() WHERE kind = 'social post'")
        )
        await session.execute(text("SELECT pg_notify('troupe_jobs', '')"))
    await nothing_due(sessions)


async def plan(house: House, when: str, name: str = "a.jpg", **texts: str) -> InteractionResult:
    return await fill(
        house,
        house.moderator,
        "schedule post",
        {**TEXTS, "when": when, **texts},
        photo=name,
        target="lobby",
    )


async def test_a_photo_is_posted_at_its_time_in_the_voice_of_its_personality(
    harbour: House, sessions: Sessions, clock: HandClock
) -> None:
    planned = await plan(harbour, "tomorrow 18:00")
    listed = await harbour.moderator.slash(harbour.lobby, "schedule list")
    await advance(sessions, clock, hours=29)
    before = [each.content for each in harbour.lobby.history()]
    await advance(sessions, clock, hours=2)
    (message,) = harbour.lobby.history()
    afterwards = await harbour.moderator.slash(harbour.lobby, "schedule list")

    assert "Planned." in content_of(planned)
    at = f"<t:{int(datetime(2026, 3, 28, 18, tzinfo=UTC).timestamp())}:f>"
    assert at in content_of(planned)
    assert "🕓 **a.jpg**" in (embed(listed).description or "")
    assert before == []
    assert (message.author.name, message.content) == ("Ada", "The lamp is lit.")
    assert [each.filename.partition(".")[2] for each in message.attachments] == ["jpg"]
    assert "✅ [a.jpg](https://discord.com/" in (embed(afterwards).description or "")


async def test_what_was_posted_and_not_written_down_is_found_and_not_posted_again(
    harbour: House, sessions: Sessions, clock: HandClock
) -> None:
    await plan(harbour, "tomorrow 18:00")
    await advance(sessions, clock, hours=31)
    async with sessions.begin() as session:
        await session.execute(
            text(
                "UPDATE social_posts SET status = 'sending', posted_at = NULL,"
                " discord_message_id = NULL, sending_at = :now"
            ),
            {"now": clock.now()},
        )
        post = (await session.scalars(select(SocialPost))).one()
        await enqueue_delivery(
            session, post, await session.get_one(SocialTarget, post.target_id), clock
        )

    await advance(sessions, clock, minutes=1)

    assert len(harbour.lobby.history()) == 1
    listed = await harbour.moderator.slash(harbour.lobby, "schedule list")
    assert "✅ [a.jpg]" in (embed(listed).description or "")


async def test_times_are_read_by_ones_own_clock_and_shown_by_everyones(
    harbour: House, clock: HandClock
) -> None:
    zoned = await harbour.moderator.slash(harbour.lobby, "timezone", zone="europe/vienna")
    planned = await plan(harbour, "tomorrow 6 pm")

    assert "**Europe/Vienna**" in content_of(zoned)
    assert f"<t:{int(datetime(2026, 3, 28, 17, tzinfo=UTC).timestamp())}:f>" in content_of(planned)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("tomorrow noonish", "is not a time I can read. Write `2026-12-24 18:00`"),
        ("2026-03-01 10:00", "is in the past"),
        ("2031-03-01 10:00", "too far away"),
        ("2026-03-29 02:30", "**2026-03-29 02:30** does not exist in Europe/Vienna"),
        ("next slot", "has no weekly slots yet. Set some with `/schedule slots`"),
    ],
)
async def test_a_time_that_is_none_is_said(harbour: House, when: str, words: str) -> None:
    await harbour.moderator.slash(harbour.lobby, "timezone", zone="Europe/Vienna")

    refused = await plan(harbour, when)

    assert words in content_of(refused)


async def test_a_photo_is_planned_once(harbour: House) -> None:
    await plan(harbour, "tomorrow 18:00")

    again = await harbour.moderator.slash(
        harbour.lobby, "schedule post", photo="a.jpg", target="lobby"
    )
    same_minute = await plan(harbour, "tomorrow 18:00", "b.jpg")

    assert "**a.jpg** already has a post on **\\#lobby**: scheduled" in content_of(again)
    assert "Another post is already planned for" in content_of(same_minute)


async def test_a_week_of_slots_fills_up_in_order(harbour: House) -> None:
    filled = await fill(
        harbour,
        harbour.moderator,
        "schedule slots",
        {"slots": "Mon-Fri 09:00\nsun 2:30"},
        target="lobby",
        zone="Europe/Vienna",
    )
    first = await plan(harbour, "")
    second = await plan(harbour, "next slot", "b.jpg")

    fields = {each.name: each.value for each in embed(filled).fields}
    assert fields["Week, in Europe/Vienna"] == "Mon-Fri 09:00\nSun 02:30"
    # That Sunday has no 02:30: summer time begins, so it is 03:30.
    sunday, monday = datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert f"<t:{int(sunday.timestamp())}:f>" in content_of(first)
    assert f"<t:{int(monday.timestamp())}:f>" in content_of(second)


async def test_slots_that_are_none_are_said(harbour: House) -> None:
    wrong = await fill(
        harbour, harbour.moderator, "schedule slots", {"slots": "whenever"}, target="lobby"
    )

    assert "**whenever** is not a line of days and times" in content_of(wrong)


async def test_a_form_with_a_wrong_line_opens_again_with_what_was_typed(harbour: House) -> None:
    typed = "Mon-Fri 09:00\nwhenever"
    wrong = await fill(
        harbour, harbour.moderator, "schedule slots", {"slots": typed}, target="lobby"
    )

    again = await harbour.moderator.click(answer(wrong), label="Change what I wrote")
    still_wrong = await harbour.moderator.submit_modal(again, {"slots": "Mon-Fri 09:00\nSoon"})
    once_more = await harbour.moderator.click(answer(still_wrong), label="Change what I wrote")
    right = await harbour.moderator.submit_modal(once_more, {"slots": "Mon-Fri 09:00"})

    assert prefilled(again) == {"slots": typed}
    assert prefilled(once_more) == {"slots": "Mon-Fri 09:00\nSoon"}
    assert embed(right).fields


async def test_a_post_is_changed_put_off_and_called_off(
    harbour: House, sessions: Sessions, clock: HandClock
) -> None:
    await plan(harbour, "tomorrow 18:00")

    changed = await fill(
        harbour,
        harbour.moderator,
        "schedule edit",
        {"caption": "The lamp is out.", "when": "2026-03-30 08:00"},
        post="a.jpg",
    )
    await advance(sessions, clock, days=1, hours=12)
    nothing = harbour.lobby.history()
    called_off = await press(
        harbour, harbour.moderator, "Cancel the post", "schedule cancel", post="a.jpg"
    )
    await advance(sessions, clock, days=5)
    free = await harbour.moderator.slash(harbour.lobby, "photos unscheduled", personality="Ada")

    assert "Changed." in content_of(changed)
    assert nothing == harbour.lobby.history() == []
    assert "Cancelled: **a.jpg**." in content_of(called_off)
    assert "a.jpg" in (embed(free).description or "")


async def test_a_paused_target_waits(harbour: House, sessions: Sessions, clock: HandClock) -> None:
    await plan(harbour, "tomorrow 18:00")
    who, lobby = harbour.moderator, harbour.lobby

    paused = await who.slash(lobby, "schedule pause", target="lobby")
    await advance(sessions, clock, days=1, hours=7)
    listed = await who.slash(lobby, "schedule list")
    nothing = lobby.history()
    await who.slash(lobby, "schedule pause", target="lobby", mode="resume")
    await advance(sessions, clock, minutes=1)

    assert "Nothing is posted there until" in content_of(paused)
    assert "waiting: its target is paused" in (embed(listed).description or "")
    assert nothing == []
    assert len(lobby.history()) == 1


async def test_a_channel_that_is_gone_is_told_to_whoever_planned(
    harbour: House, sessions: Sessions, clock: HandClock
) -> None:
    side = harbour.guild.create_text_channel("side")
    who = harbour.moderator
    await who.slash(harbour.lobby, "schedule targets", personality="Ada", channel=side)
    await fill(
        harbour,
        who,
        "schedule post",
        {**TEXTS, "when": "tomorrow 18:00"},
        photo="a.jpg",
        target="side",
    )
    harbour.env.backend.delete_channel(side.id)

    await advance(sessions, clock, days=1, hours=7)

    listed = await who.slash(harbour.lobby, "schedule list")
    assert "❌ **a.jpg**" in (embed(listed).description or "")
    assert "That channel no longer exists." in (embed(listed).description or "")
    (notice,) = who.user.dm_channel.history()
    assert "That channel no longer exists." in notice.content


async def test_a_draft_by_the_personality_is_edited_before_it_is_kept(harbour: House) -> None:
    harbour.openai.answer = lambda _: json.dumps(
        {"caption": "Fog again. I counted three gulls.", "alt_text": "Grey colours."}
    )
    who, lobby = harbour.moderator, harbour.lobby

    drafted = await who.slash(lobby, "schedule draft", photo="a.jpg", target="lobby", wish="gulls")
    shown = answer(drafted)
    words, labels = shown.embeds[0].description, [*buttons(shown)]
    form = await who.click(shown, label="Edit and keep")
    values = {name: each.get("value") for name, each in inputs(form).items()}
    saved = await who.submit_modal(form, {"caption": "Fog again.", "alt_text": "Grey."})
    listed = await who.slash(lobby, "schedule list")
    body = str(harbour.openai.requests[-1])

    assert words == "Fog again. I counted three gulls."
    assert labels == ["Edit and plan", "Edit and keep", "Write another"]
    assert values["alt_text"] == "Grey colours."
    assert "Saved as a draft." in content_of(saved)
    assert "📝 **a.jpg**" in (embed(listed).description or "")
    assert "<wish>gulls</wish>" in body
    assert "data:image/jpeg;base64," in body


async def test_the_calendar_is_a_picture_of_the_month(harbour: House, clock: HandClock) -> None:
    await plan(harbour, "tomorrow 18:00")
    await plan(harbour, "2026-04-02 09:00", "b.jpg")
    who, lobby = harbour.moderator, harbour.lobby

    shown = await who.slash(lobby, "schedule calendar", personality="Ada")
    (picture,) = answer(shown).attachments
    march = Image.open(io.BytesIO(await picture.read()))
    words = embed(shown)
    await who.click(answer(shown), label="Next")
    april = embed(shown)
    other = await who.slash(lobby, "schedule calendar", month="2026-12")

    assert march.width == CARD_WIDTH
    # The 28th, a Saturday in the fifth row, shows the photo in the frame of a planned post.
    assert march.getpixel((28 + 5 * 150 + 1, 134 + 4 * 136 + 60)) == (0x56, 0xB4, 0xE9, 255)
    assert picture.description == "March 2026 as a calendar: 1 post (1 planned)."
    assert (words.footer.text or "").startswith("1 post (1 planned) in March 2026 · times in ")
    assert words.description == "**Sat 28 Mar**: 🕓 18:00 a.jpg"
    assert "1 post (1 planned) in April 2026" in (april.footer.text or "")
    assert "0 posts in December 2026" in (embed(other).footer.text or "")


async def test_only_moderators_open_a_channel_and_only_operators_buffer(harbour: House) -> None:
    await invent(harbour, harbour.alice, "Eve")
    who, lobby = harbour.alice, harbour.lobby

    channel = await who.slash(lobby, "schedule targets", personality="Eve", channel=lobby)
    buffer = await who.slash(lobby, "schedule targets", personality="Eve", buffer="ig")
    stranger = await harbour.bob.slash(lobby, "schedule targets", personality="Ada")

    assert "Only members with **Manage Messages**" in content_of(channel)
    assert "Only the person who runs this bot" in content_of(buffer)
    assert "Only the owners of **Ada**" in content_of(stranger)


async def test_without_a_key_buffer_is_one_sentence(house: House) -> None:
    await invent(house, house.boss, "Ada")

    result = await house.boss.slash(house.lobby, "schedule targets", personality="Ada", buffer="ig")

    assert "BUFFER_API_KEY" in content_of(result)


async def test_a_photo_deleted_while_planned_takes_its_post_along(
    harbour: House, sessions: Sessions, clock: HandClock
) -> None:
    await plan(harbour, "tomorrow 18:00")
    who, lobby = harbour.moderator, harbour.lobby

    confirmation = await who.slash(lobby, "photos delete", photo="a.jpg")
    question = content_of(confirmation)
    await who.click(answer(confirmation), label="Delete")
    await advance(sessions, clock, days=2)

    assert "Its post is cancelled, too." in question
    assert lobby.history() == []
    listed = await who.slash(lobby, "schedule list")
    assert "Nothing yet" in (embed(listed).description or "")


async def test_a_caption_past_the_limit_is_refused_with_what_is_added_to_it(
    harbour: House,
) -> None:
    posts, photos = harbour.services.posts, harbour.services.photos
    me = replace(actor(harbour.moderator), moderates=True)
    stored = await photos.find(me, "a.jpg")
    target = await harbour.services.targets.find(me, "lobby")

    done = await posts.schedule_post(
        me, stored.id, CaptionDraft(caption="x" * 2001, alt_text=""), target_id=target.id
    )

    assert isinstance(done, NotScheduled)
    assert "The limit on Discord is 2,000 characters; this caption has 2,001" in (
        explain(done.reason) or ""
    )


async def test_a_moderator_closes_the_channel_to_photos(
    harbour: House, sessions: Sessions, clock: HandClock
) -> None:
    await plan(harbour, "in 1 hour")

    refused = await harbour.alice.slash(harbour.lobby, "schedule close")
    closed = await harbour.moderator.slash(harbour.lobby, "schedule close")
    again = await harbour.moderator.slash(harbour.lobby, "schedule close")
    await advance(sessions, clock, hours=2)

    assert "Manage Messages" in content_of(refused)
    assert "cancelled" in content_of(closed)
    assert content_of(again) == "No photos are posted here."
    assert harbour.lobby.history() == []


async def test_what_never_went_out_is_posted_also_where_much_was_said_before(
    harbour: House, sessions: Sessions, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.photos._MAX_HISTORY", 3)
    for number in range(4):
        await harbour.moderator.send(harbour.lobby, f"old talk {number}")
    await harbour.env.advance_time(3600)
    await harbour.moderator.send(harbour.lobby, "new talk")
    await plan(harbour, "in 1 hour")
    clock.forward(hours=1)
    async with sessions.begin() as session:
        await session.execute(
            text(
                "UPDATE social_posts SET status = 'sending', fingerprint = '{}', sending_at = :at"
            ),
            {"at": clock.now()},
        )
        post = (await session.scalars(select(SocialPost))).one()
        await enqueue_delivery(
            session, post, await session.get_one(SocialTarget, post.target_id), clock
        )

    await advance(sessions, clock, seconds=40)

    assert harbour.lobby.history()[-1].content == "The lamp is lit."


async def test_a_webhook_that_was_moved_is_not_spoken_through(
    harbour: House, sessions: Sessions, clock: HandClock
) -> None:
    side = harbour.guild.create_text_channel("side")
    await plan(harbour, "in 1 hour")
    await advance(sessions, clock, hours=1, minutes=1)
    channel = harbour.bot.get_channel(harbour.lobby.id)
    assert isinstance(channel, discord.TextChannel)
    (webhook,) = await channel.webhooks()
    await webhook.edit(channel=discord.Object(side.id))
    harbour.bot.dispatch("webhooks_update", channel)

    await plan(harbour, "in 1 hour", "b.jpg")
    await advance(sessions, clock, hours=1, minutes=1)

    assert side.history() == []
    assert len(harbour.lobby.history()) == 2


async def test_what_was_typed_with_a_wrong_time_is_kept(harbour: House) -> None:
    refused = await plan(harbour, "tomorrow noonish")
    listed = await harbour.moderator.slash(harbour.lobby, "schedule list")

    assert "saved as a draft" in content_of(refused)
    assert "📝 **a.jpg**" in (embed(listed).description or "")
