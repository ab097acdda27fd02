"""Whether personalities live like people: twenty companies of twelve, for sixty days each."""

import asyncio
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import cache
from itertools import pairwise
from multiprocessing import get_context

from db.models import ActType
from services.engine import Limits, Presence, Rhythm, Uniform
from services.engine.rehearsal import Act, Measure, Rehearsal, measures, strangers
from services.engine.types import Delays

DAYS, PEOPLE, SEEDS = 60, 12, range(1, 21)
MUST = 12


def rehearse(seed: int, rhythm: Rhythm | None = None, days: int = DAYS) -> list[Act]:
    """Return what a company did."""

    async def run() -> list[Act]:
        seats = strangers(seed, PEOPLE)
        made = Rehearsal(seats, rhythm=rhythm or Presence(), limits=Limits())
        async for _ in made.run(days):
            pass
        return made.company.acts

    return asyncio.run(run())


@cache
def companies() -> list[list[Act]]:
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as processes:
        return list(processes.map(rehearse, SEEDS))


def measured() -> list[Measure]:
    return [each for each in measures(companies(), days=DAYS) if each.must]


def test_the_rhythm_is_like_peoples() -> None:
    found = measured()

    assert len(found) == MUST
    assert {each.name: round(each.value, 3) for each in found if not each.holds} == {}


def test_the_caps_hold() -> None:
    limits = Limits()
    for acts in companies():
        for personality_id in {act.personality_id for act in acts}:
            mine = [act for act in acts if act.personality_id == personality_id]
            times = [act.at for act in mine]
            for first, last in zip(times, times[limits.acts_per_hour :], strict=False):
                assert last - first >= timedelta(hours=1)
            posted = [act.at for act in mine if act.kind == ActType.POST]
            for first, last in zip(posted, posted[limits.posts_per_day :], strict=False):
                assert last - first >= timedelta(days=1)
        assert max(act.depth for act in acts) <= limits.depth


def test_nothing_is_done_twice() -> None:
    for acts in companies():
        done = Counter((a.personality_id, a.kind, a.target) for a in acts if a.target)
        assert max(done.values()) == 1


def test_a_seed_is_a_fate() -> None:
    once, again, other = (rehearse(seed, days=5) for seed in (7, 7, 8))

    assert once == again
    assert once != other


def test_uniform_delays_are_nothing_like_people() -> None:
    acts = [rehearse(seed, Uniform(Delays()), days=20) for seed in (1, 2)]

    found = {each.name: each for each in measures(acts, days=20)}

    assert not found["burstiness, median"].holds
    assert not found["share in the quietest 8 h, median"].holds
    delays = [
        (act.at - act.answered_at).total_seconds()
        for each in acts
        for act in each
        if act.answered_at and act.kind != ActType.VOTE
    ]
    assert min(delays) >= 300
    assert max(delays) <= 7200


def test_of_next_to_nothing_nothing_is_told() -> None:
    acts = companies()[0]

    assert all(one.at <= next_one.at for one, next_one in pairwise(acts))
    assert measures([[]], days=DAYS) == []
    assert measures([acts[:10]], days=DAYS) == []
