"""Inclusion groups: of the entries of a group that are found, one is used."""

import random
from collections.abc import Collection, Sequence
from uuid import UUID

from services.lore.types import Hit, Reason


def losers(hits: Sequence[Hit], active: Collection[str], randomness: random.Random) -> set[UUID]:
    """Return the entries that lose in one of their groups; in an active one, all do."""
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        for name in dict.fromkeys(hit.entry.groups):
            groups.setdefault(name, []).append(hit)
    lost: set[UUID] = set()
    for name, members in groups.items():
        left = [hit for hit in members if hit.entry.id not in lost]
        winner = None if name in active or not left else _winner(left, randomness)
        lost.update(hit.entry.id for hit in left if hit is not winner)
    return lost


def _winner(members: Sequence[Hit], randomness: random.Random) -> Hit:
    """Return the member that wins: a sticky one, by its score, by its order, else by chance."""
    sticky = [hit for hit in members if hit.reason is Reason.STICKY]
    best = max(hit.score for hit in members)
    scored = [hit for hit in members if not hit.entry.group_scoring or hit.score == best]
    left = sticky or scored
    overriding = [hit for hit in left if hit.entry.group_override]
    if overriding:
        return max(overriding, key=lambda hit: (hit.entry.order, str(hit.entry.id)))
    weights = [hit.entry.group_weight for hit in left]
    return randomness.choices(left, weights if any(weights) else None)[0]
