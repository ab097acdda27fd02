"""A random forest that tries to tell personalities from people by their timing.

Breiman, "Random Forests", Machine Learning 45 (2001): trees on bootstrap samples, of each split the
best of a few features drawn anew, by Gini impurity. Judged by the area under the ROC curve over
five folds: .5 is a toss of a coin. On `people.csv`, 147 people of a public Discord archive in their
busiest 60 days, thinned to 4 acts an hour; people of another community come to .72 against them.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]

# As many acts as everyone in `people.csv` has at least; and as many as there must be to compare.
ENOUGH_ACTS, ENOUGH_PERSONALITIES = 60, 5
_HOUR = 3600
_SOON, _LONG = 600, 8 * _HOUR

_TREES, _FOLDS, _DEEPEST, _LEAST = 40, 5, 8, 3
_CUTS = 16


def features(times: Sequence[float], days: int, quietest: float) -> list[float]:
    """Return the features of somebody who acted at these times, in seconds, as in `people.csv`."""
    gaps = np.diff(np.array(times))
    before, after = gaps[:-1], gaps[1:]
    spread = float(before.std() * after.std())
    memory = float(((before - before.mean()) * (after - after.mean())).mean()) / (spread or 1)
    middle = float(np.median(gaps))
    return [
        len(times) / days,
        float((gaps.std() - gaps.mean()) / (gaps.std() + gaps.mean())),
        memory,
        quietest,
        middle / _HOUR,
        float(np.quantile(gaps, 0.9)) / (middle or 1),
        float((gaps < _SOON).mean()),
        float((gaps > _LONG).mean()),
        len({int(at // (24 * _HOUR)) for at in times}) / days,
    ]


@cache
def people() -> Numbers:
    """Return the features of people, one row a person."""
    with (files("services.engine.simulation") / "people.csv").open(encoding="utf-8") as told:
        _, *rows = csv.reader(told)
    return np.array(rows, dtype=np.float64)


@dataclass(frozen=True)
class _Node:
    """A split, or a leaf with the share of personalities in it."""

    share: float
    feature: int = -1
    cut: float = 0.0
    below: "_Node | None" = None
    above: "_Node | None" = None


def forest_accuracy(theirs: Numbers, ours: Numbers, *, seed: int = 1) -> float:
    """Return how well a forest tells them apart, as an area under the ROC curve from 0 to 1.

    Both are rows of the same features, one row a person.
    """
    chance = np.random.default_rng(seed)
    rows = np.vstack([theirs, ours])
    is_ours = np.concatenate([np.zeros(len(theirs)), np.ones(len(ours))])
    # Folds that hold as many of each kind as the whole does.
    folds = np.empty(len(rows), dtype=np.int64)
    for kind in (0, 1):
        members = np.flatnonzero(is_ours == kind)
        folds[members] = chance.permutation(np.arange(len(members)) % _FOLDS)
    scores = np.empty(len(rows))
    for fold in range(_FOLDS):
        known = folds != fold
        trees = [_grown(rows[known], is_ours[known], chance) for _ in range(_TREES)]
        scores[~known] = [np.mean([_share(tree, row) for tree in trees]) for row in rows[~known]]
    return _area(scores, is_ours)


def _grown(rows: Numbers, is_ours: Numbers, chance: np.random.Generator) -> _Node:
    drawn = chance.integers(0, len(rows), len(rows))
    return _split(rows[drawn], is_ours[drawn], chance, depth=0)


def _split(rows: Numbers, is_ours: Numbers, chance: np.random.Generator, depth: int) -> _Node:
    share = float(is_ours.mean())
    if depth == _DEEPEST or len(rows) < 2 * _LEAST or share in (0.0, 1.0):
        return _Node(share)
    few = max(int(np.sqrt(rows.shape[1])), 1)
    best, feature, cut = _impurity(is_ours), -1, 0.0
    for candidate in chance.choice(rows.shape[1], few, replace=False):
        values = rows[:, candidate]
        for at in np.unique(np.quantile(values, np.linspace(0.03, 0.97, _CUTS))):
            below = values <= at
            count = int(below.sum())
            if min(count, len(rows) - count) < _LEAST:
                continue
            weight = count / len(rows)
            mixed = weight * _impurity(is_ours[below]) + (1 - weight) * _impurity(is_ours[~below])
            if mixed < best:
                best, feature, cut = mixed, int(candidate), float(at)
    if feature < 0:
        return _Node(share)
    below = rows[:, feature] <= cut
    return _Node(
        share,
        feature,
        cut,
        _split(rows[below], is_ours[below], chance, depth + 1),
        _split(rows[~below], is_ours[~below], chance, depth + 1),
    )


def _impurity(is_ours: Numbers) -> float:
    share = float(is_ours.mean())
    return 2 * share * (1 - share)


def _share(node: _Node, row: Numbers) -> float:
    while node.below is not None and node.above is not None:
        node = node.below if row[node.feature] <= node.cut else node.above
    return node.share


def _area(scores: Numbers, is_ours: Numbers) -> float:
    """Return the chance that one of ours scores above one of theirs; a tie is half of that."""
    ours, theirs = scores[is_ours == 1], scores[is_ours == 0]
    above = (ours[:, None] > theirs[None, :]).mean()
    ties = (ours[:, None] == theirs[None, :]).mean()
    return float(above + ties / 2)
