"""A random forest that tries to tell personalities from people by their timing.

Judged by the area under the ROC curve over five stratified folds: .5 is a toss of a coin. On
`people.csv`, 147 people of a public Discord archive in their busiest 60 days, thinned to 4 acts an
hour; people of another community come to .72 against them.
"""

import csv
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.engine.simulation.figures import HOUR

Numbers: TypeAlias = NDArray[np.float64]

# As many acts as everyone in `people.csv` has at least; and as many as there must be to compare.
ENOUGH_ACTS, ENOUGH_PERSONALITIES = 60, 5
_SOON, _LONG = 600, 8 * HOUR
_TREES, _FOLDS = 100, 5


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
        middle / HOUR,
        float(np.quantile(gaps, 0.9)) / (middle or 1),
        float((gaps < _SOON).mean()),
        float((gaps > _LONG).mean()),
        len({int(at // (24 * HOUR)) for at in times}) / days,
    ]


@cache
def people() -> Numbers:
    """Return the features of people, one row a person."""
    with (files("tests.realism") / "people.csv").open(encoding="utf-8") as lines:
        _, *rows = csv.reader(lines)
    return np.array(rows, dtype=np.float64)


def forest_accuracy(theirs: Numbers, ours: Numbers, *, seed: int = 1) -> float:
    """Return how well a forest tells them apart, as an area under the ROC curve from 0 to 1.

    Both are rows of the same features, one row a person.
    """
    # Without types of its own, and a second to import.
    ensemble: Any = import_module("sklearn.ensemble")
    metrics: Any = import_module("sklearn.metrics")
    selection: Any = import_module("sklearn.model_selection")

    rows = np.vstack([theirs, ours])
    is_ours = np.concatenate([np.zeros(len(theirs)), np.ones(len(ours))])
    forest = ensemble.RandomForestClassifier(_TREES, min_samples_leaf=3, random_state=seed)
    folds = selection.StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    scores = selection.cross_val_predict(forest, rows, is_ours, cv=folds, method="predict_proba")
    return float(metrics.roc_auc_score(is_ours, scores[:, 1]))
