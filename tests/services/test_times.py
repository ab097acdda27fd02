"""Parsing of times, and slots across changes to and from daylight saving time."""

from asyncio import TaskGroup
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.session import connect
from services.clock import SystemClock
from services.errors import DomainError, UnknownTimeZone
from services.social import (
    Scheduled,
    Slot,
    SlotsUnclear,
    SocialService,
    TimeInGap,
    TimePast,
    TimeTooFar,
    TimeUnclear,
    format_slots,
    occurrences,
    parse_slots,
    parse_time,
)
from services.time_zones import parse_time_zone, search_time_zones, time_zone_label
from tests.services.crashes import Checkpoint, process
from tests.services.posting_support import OWNER, TEXT, Posting

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
# Whole hours, halves, at midnight, southern, none at all, and one that is a quarter off.
ZONES = [
    *("Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "America/Santiago"),
    *("Asia/Beirut", "Pacific/Auckland", "Asia/Kathmandu", "UTC", "Africa/Casablanca"),
]
slots = st.lists(
    st.builds(Slot, st.integers(0, 6), st.integers(0, 1439)), min_size=1, max_size=12, unique=True
)
moments = st.integers(1_767_225_600, 1_830_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))


@given(slots, st.sampled_from(ZONES), moments)
@settings(max_examples=150, deadline=None)
def test_every_slot_comes_once_in_order_and_never_in_the_past(
    week: list[Slot], zone_name: str, after: datetime
) -> None:
    zone = ZoneInfo(zone_name)
    until = after + timedelta(days=21)

    times: list[datetime] = []
    for at in occurrences(week, zone, after):
        if at > until:
            break
        times.append(at)

    assert times == sorted(set(times))
    assert all(at > after for at in times)
    # What the week says of each day, by Python's own reading of clocks, and nothing else.
    first = after.astimezone(zone).date() - timedelta(days=2)
    wanted = {
        at
        for step in range(26)
        for slot in week
        if (day := first + timedelta(days=step)).weekday() == slot.weekday
        and after < (at := at_slot(day, slot, zone)) <= until
    }
    assert set(times) == wanted


def at_slot(day: date, slot: Slot, zone: ZoneInfo) -> datetime:
    clock = time(slot.minute // 60, slot.minute % 60)
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


@given(slots)
@settings(max_examples=100, deadline=None)
def test_a_week_is_read_as_it_is_written(week: list[Slot]) -> None:
    assert parse_slots(format_slots(week)) == sorted(week)


def test_clocks_that_go_forward_or_back_lose_and_double_nothing() -> None:
    nightly = [Slot(day, 150) for day in range(7)]  # 02:30

    spring = islice(occurrences(nightly, VIENNA, datetime(2026, 3, 27, 12, tzinfo=UTC)), 3)
    autumn = islice(occurrences(nightly, VIENNA, datetime(2026, 10, 24, 12, tzinfo=UTC)), 2)

    assert [f"{at.astimezone(VIENNA):%d %H:%M}" for at in spring] == [
        "28 02:30",
        "29 03:30",
        "30 02:30",
    ]
    assert [f"{at:%d %H:%M}" for at in autumn] == ["25 00:30", "26 01:30"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("18:00", "2026-03-27 17:00"),
        ("09:00", "2026-03-28 08:00"),
        ("Tomorrow  6 PM", "2026-03-28 17:00"),
        ("tomorrow at 18:00", "2026-03-28 17:00"),
        ("noon", "2026-03-28 11:00"),
        ("midnight", "2026-03-27 23:00"),
        ("12 am", "2026-03-27 23:00"),
        ("friday 18:00", "2026-03-27 17:00"),
        ("Fri, 09:00", "2026-04-03 07:00"),
        ("2026-12-24 18:00", "2026-12-24 17:00"),
        ("2026-12-24T18:00", "2026-12-24 17:00"),
        ("2026-12-24T18:00+02:00", "2026-12-24 16:00"),
        ("24.12.2026 18:00", "2026-12-24 17:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30"),
        ("in 2 hours", "2026-03-27 14:00"),
        ("in a week", "2026-04-03 12:00"),
        ("now", "2026-03-27 12:01"),
        ("<t:1800000000:F>", "2027-01-15 08:00"),
    ],
)
def test_times_are_read_by_the_clocks_of_a_zone(text: str, at: str) -> None:
    assert f"{parse_time(text, VIENNA, NOW):%Y-%m-%d %H:%M}" == at


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("tomorrow noonish", TimeUnclear),
        ("", TimeUnclear),
        ("soon", TimeUnclear),
        ("6", TimeUnclear),
        ("tomorrow", TimeUnclear),
        ("2026-12-24", TimeUnclear),
        ("12/24/2026 18:00", TimeUnclear),
        ("2026-02-30 10:00", TimeUnclear),
        ("25:00", TimeUnclear),
        ("13 pm", TimeUnclear),
        ("in 9999999999 weeks", TimeUnclear),
        ("<t:999999999999999>", TimeUnclear),
        ("\u0661\u0662:\u0660\u0660 yesterday", TimeUnclear),
        ("yesterday 10:00", TimeUnclear),
        ("today 09:00", TimePast),
        ("2025-01-01 10:00", TimePast),
        ("<t:0>", TimePast),
        ("in 0 minutes", TimePast),
        ("2029-01-01 10:00", TimeTooFar),
        ("<t:999999999999>", TimeTooFar),
        ("in 9999 weeks", TimeTooFar),
        ("2026-03-29 02:30", TimeInGap),
    ],
)
def test_what_is_no_time_to_plan_for_is_refused(text: str, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        parse_time(text, VIENNA, NOW)


@pytest.mark.parametrize(
    "text", ["whenever", "Mon", "Mon 25:00", "Xyz 10:00", "Mon-Xyz 10:00", "Mon 10:00,", "Mon 9"]
)
def test_lines_that_are_no_slots_are_refused(text: str) -> None:
    with pytest.raises(SlotsUnclear):
        parse_slots(text)


def test_too_many_slots_are_refused() -> None:
    every_five_minutes = ", ".join(f"{h:02}:{m:02}" for h in range(24) for m in range(0, 60, 5))

    with pytest.raises(SlotsUnclear):
        parse_slots(f"Daily {every_five_minutes}")


@pytest.mark.parametrize(
    "text", ["sunday 02:30", "sun 2:30 am", "2027-03-28 02:30", "28.3.2027 02:30"]
)
def test_the_hour_that_clocks_skip_is_refused_in_every_way_of_writing(text: str) -> None:
    with pytest.raises(TimeInGap):
        parse_time(text, ZoneInfo("Europe/Berlin"), datetime(2027, 3, 21, 12, tzinfo=UTC))


@pytest.mark.parametrize("text", ["tomorrow 02:30", "02:30", "sunday 02:30"])
def test_the_skipped_hour_of_tomorrow_is_refused_as_well(text: str) -> None:
    with pytest.raises(TimeInGap):
        parse_time(text, ZoneInfo("Europe/Berlin"), datetime(2027, 3, 27, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "text", ["02:30", "today 02:30", "sunday 02:30", "2027-10-31 02:30", "31.10.2027 2:30 am"]
)
def test_of_a_repeated_hour_the_second_is_meant_when_the_first_is_over(text: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2027, 10, 31, hour, 30, tzinfo=UTC) for hour in (0, 1))

    assert parse_time(text, berlin, first - timedelta(minutes=20)) == first
    assert parse_time(text, berlin, first + timedelta(minutes=20)) == second


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("GMT+2", 2),
        ("gmt +2", 2),
        ("UTC+2", 2),
        ("utc+02:00", 2),
        ("+2", 2),
        ("UTC-3", -3),
        ("UTC−3", -3),
        ("UTC+5:30", 5.5),
        ("+0545", 5.75),
        ("UTC+0", 0),
        ("UTC-0", 0),
        ("+14", 14),
    ],
)
def test_an_offset_means_what_people_mean(typed: str, hours: float) -> None:
    offered = search_time_zones(typed)

    assert offered
    assert parse_time_zone(typed).key == offered[0]
    for month in (1, 7):
        at = datetime(2026, month, 1, 12, tzinfo=UTC)
        for each in offered:
            assert at.astimezone(parse_time_zone(each)).utcoffset() == timedelta(hours=hours)


def test_nonsense_is_no_zone_and_is_not_offered() -> None:
    for typed in ("", "e", "etc", "gmt", "us/", "est", "fact", "local", "posix"):
        for name in search_time_zones(typed, limit=1000):
            assert name == "UTC" or "/" in name, name
            assert not name.startswith(("Etc/", "posix/", "right/", "US/")), name
    for wrong in ("Factory", "localtime", "GMT+99", "UTC+2:17", "+", "+1000000"):
        with pytest.raises(UnknownTimeZone):
            parse_time_zone(wrong)
    assert search_time_zones("vienna") == ["Europe/Vienna"]
    assert time_zone_label("Etc/GMT-2") == "UTC+2"
    assert time_zone_label("Europe/Vienna") == "Europe/Vienna"


def test_zones_are_named_in_any_case_and_others_refused() -> None:
    assert parse_time_zone("europe/vienna").key == "Europe/Vienna"
    for wrong in ("Vienna time", "", "../../etc/passwd", "CEST+1"):
        with pytest.raises(UnknownTimeZone):
            parse_time_zone(wrong)


async def test_two_processes_take_no_slot_twice_and_skip_none(
    posting: Posting, database_url: str
) -> None:
    photos = await posting.library(16)
    target = await posting.harbour(photos[0])
    week = parse_slots("Daily 02:30, 09:00, 18:00")
    await posting.targets.set_slots(OWNER, target.id, week, time_zone="Europe/Vienna")
    halves = ([str(each.id) for each in photos[:8]], [str(each.id) for each in photos[8:]])

    async with TaskGroup() as group:
        for half in halves:
            group.create_task(process(plan, -1, database_url, half, str(target.id)))

    entries = await posting.calendar.list_posts(OWNER)
    taken = sorted(each.post.scheduled_at for each in entries if each.post.scheduled_at)
    begins = min(each.post.created_at for each in entries) - timedelta(seconds=1)
    assert taken == list(islice(occurrences(week, VIENNA, begins), 16))


async def plan(checkpoint: Checkpoint, url: str, photos: list[str], target: str) -> None:
    """Plan photos for the next free slots, one after the other."""
    async with connect(url) as sessions:
        posts = SocialService(sessions, SystemClock())
        for each in photos:
            done = await posts.schedule_post(OWNER, UUID(each), TEXT, target_id=UUID(target))
            assert isinstance(done, Scheduled), done
