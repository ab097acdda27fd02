"""Whether simulated personalities act like people: twelve groups of twelve for sixty days."""

import asyncio
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
import pytest

from db.models import ActType
from services.engine import Limits, Presence, Rhythm, Uniform
from services.engine.simulation import (
    SimulatedAct,
    Simulation,
    synthetic_personalities,
)
from services.engine.types import Delays
from tests.realism import forest
from tests.realism.measures import measures

pytestmark = pytest.mark.slow

DAYS, PEOPLE, SEEDS = 60, 12, range(1, 13)
MUST = 12


def rehearse(seed: int, rhythm: Rhythm | None = None, days: int = DAYS) -> list[SimulatedAct]:
    """Return the acts of a simulated group."""

    async def run() -> list[SimulatedAct]:
        seats = synthetic_personalities(seed, PEOPLE)
        simulation = Simulation(seats, rhythm=rhythm or Presence(), limits=Limits())
        async for _ in simulation.run(days):
            pass
        return simulation.result.acts

    return asyncio.run(run())


def test_twelve_companies_live_like_people_and_within_their_caps() -> None:
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as processes:
        companies = list(processes.map(rehearse, SEEDS))

    required = [each for each in measures(companies, days=DAYS) if each.must]

    assert len(required) == MUST
    assert {each.name: round(each.value, 3) for each in required if not each.holds} == {}
    for acts in companies:
        check_caps(acts)
        done = Counter((act.personality_id, act.kind, act.target) for act in acts if act.target)
        assert max(done.values()) == 1


def check_caps(acts: list[SimulatedAct]) -> None:
    limits = Limits()
    for personality_id in {act.personality_id for act in acts}:
        mine = [act for act in acts if act.personality_id == personality_id]
        times = [act.at for act in mine]
        for first, last in zip(times, times[limits.acts_per_hour :], strict=False):
            assert last - first >= timedelta(hours=1)
        posted = [act.at for act in mine if act.kind == ActType.POST]
        for first, last in zip(posted, posted[limits.posts_per_day :], strict=False):
            assert last - first >= timedelta(days=1)
    assert max(act.depth for act in acts) <= limits.depth


def test_a_seed_is_a_fate() -> None:
    once, again, other = (rehearse(seed, days=5) for seed in (7, 7, 8))

    assert once == again
    assert once != other


def test_uniform_delays_are_nothing_like_people() -> None:
    acts = [rehearse(seed, Uniform(Delays()), days=12) for seed in (1,)]

    by_name = {each.name: each for each in measures(acts, days=12)}

    assert not by_name["burstiness, median"].holds
    assert not by_name["share in the quietest 8 h, median"].holds
    delays = [
        (act.at - act.answered_at).total_seconds()
        for each in acts
        for act in each
        if act.answered_at and act.kind != ActType.VOTE
    ]
    assert min(delays) >= 300
    assert max(delays) <= 7200


def test_of_next_to_nothing_nothing_is_told() -> None:
    acts = rehearse(1, days=2)

    assert all(one.at <= next_one.at for one, next_one in pairwise(acts))
    assert measures([[]], days=DAYS) == []
    assert measures([acts[:10]], days=DAYS) == []


def test_a_forest_tells_apart_what_differs_and_nothing_else() -> None:
    chance = np.random.default_rng(1)
    people = forest.people()
    some, others = people[::2], people[1::2]
    clocks = np.array(
        [forest.features(np.arange(0.0, 5e6, 3e4 + n).tolist(), 60, 0.3) for n in range(40)]
    )
    noisy = clocks * chance.normal(1, 0.05, clocks.shape)

    assert 0.35 <= forest.forest_accuracy(some, others) <= 0.65
    assert forest.forest_accuracy(people, noisy) >= 0.99
