"""The report of an import."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class RowKind(StrEnum):
    """The kinds of rows that an import counts."""

    USERS = "users"
    PERSONAS = "personas"
    FIRST_PERSONAS = "first personas, made"
    DEFAULT_PERSONAS = "default personas"
    PROMPTS = "system prompts"
    CONFIGS = "configs"
    PERSONALITIES = "personalities"
    DEFAULT_CONFIGS = "default configs"
    AVATARS = "pictures"
    ALIASES = "aliases"
    OWNERS = "owners"
    CHOICES = "choices of users"
    CHANNELS = "activated channels"
    LINES = "lines of conversation"
    MEMORIES = "memories"


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """The result of an import: counts of every kind, and short notes for the operator.

    `changed` are notes on rows that had to be changed, `skipped` on what was left behind, `absent`
    the tables and columns that the old database does not have.
    """

    moved: Mapping[RowKind, int]
    already_there: Mapping[RowKind, int]
    given_to_admin: Sequence[str]
    changed: Sequence[str]
    skipped: Sequence[str]
    absent: Sequence[str]


class ReportBuilder:
    """Collects the counts and notes of a report."""

    def __init__(self) -> None:
        self.moved = Counter[RowKind]()
        self.already_there = Counter[RowKind]()
        self.given_to_admin: list[str] = []
        self.changed: list[str] = []
        self._skipped = Counter[str]()

    def skip(self, note: str) -> None:
        """Add a note on what is skipped; equal notes are counted."""
        self._skipped[note] += 1

    def build(self, absent: Sequence[str]) -> ImportReport:
        """Return the report."""
        return ImportReport(
            moved={kind: self.moved[kind] for kind in RowKind},
            already_there={kind: self.already_there[kind] for kind in RowKind},
            given_to_admin=tuple(self.given_to_admin),
            changed=tuple(self.changed),
            skipped=tuple(
                note if times == 1 else f"{note} ({times:,} times)"
                for note, times in self._skipped.items()
            ),
            absent=tuple(absent),
        )
