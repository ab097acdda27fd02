"""Lorebooks prepared to be searched: their keys are indexed once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from db.models import LoreScope
from services.lore.entries import Entry
from services.lore.matching import Key, Term, TermIndex, term_of

DEFAULT_SCAN_DEPTH = 2
_MACRO = "{{"
_MAX_REACHES = 50  # as each is searched by itself; further ones are that of the book


SCOPE_ORDER = tuple(LoreScope)
# How far back and in which fields entries are looked for.
Reach: TypeAlias = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class BookSettings:
    """Settings of a book; `token_budget` is None where only the common budget limits it."""

    scan_depth: int = DEFAULT_SCAN_DEPTH
    token_budget: int | None = None
    recursive: bool = True
    case_sensitive: bool = False
    whole_words: bool = True


@dataclass(frozen=True)
class Terms:
    """What an entry is looked for by. Keys with macros are known only in a conversation."""

    primary: Sequence[Term] = ()
    secondary: Sequence[Term] = ()
    required: Sequence[Sequence[Term]] = ()
    excluded: Sequence[Term] = ()

    def all(self) -> Sequence[Term]:
        """Return all terms."""
        required = [term for terms in self.required for term in terms]
        return [*self.primary, *self.secondary, *required, *self.excluded]


@dataclass(frozen=True)
class Section:
    """The entries of a book with one reach, by their primary terms.

    `others` have terms with macros, which stand for something else in each conversation.
    """

    reach: Reach
    index: TermIndex
    owners: Mapping[Term, Collection[UUID]]
    others: Collection[UUID]


@dataclass(frozen=True, kw_only=True)
class Book:
    """A book that can be searched."""

    id: UUID
    name: str
    scope: LoreScope
    settings: BookSettings = field(default_factory=BookSettings)
    entries: Mapping[UUID, Entry]
    terms: Mapping[UUID, Terms]
    sections: Sequence[Section]
    # Those that are looked at whether one of their keys is found or not.
    always: Sequence[UUID]
    by_meaning: Sequence[UUID]
    reaches: Mapping[UUID, Reach]
    delay_levels: frozenset[int]


def prepare(
    book_id: UUID,
    name: str,
    scope: LoreScope,
    entries: Sequence[Entry],
    settings: BookSettings | None = None,
) -> Book:
    """Return a book with its keys indexed."""
    settings = settings or BookSettings()
    used = {each.id: each for each in entries if each.enabled and each.content}
    terms = {id_: terms_of(entry, settings) for id_, entry in used.items()}
    by_reach: dict[Reach, list[UUID]] = {(settings.scan_depth, ()): []}
    for id_, entry in used.items():
        reach = _reach_of(entry, settings)
        if reach not in by_reach and len(by_reach) >= _MAX_REACHES:
            reach = settings.scan_depth, ()
        by_reach.setdefault(reach, []).append(id_)
    return Book(
        id=book_id,
        name=name,
        scope=scope,
        settings=settings,
        entries=used,
        terms=terms,
        sections=[_section(reach, ids, terms) for reach, ids in by_reach.items()],
        reaches={id_: reach for reach, ids in by_reach.items() for id_ in ids},
        always=[id_ for id_, each in used.items() if each.constant or each.forced],
        by_meaning=[id_ for id_, each in used.items() if each.by_meaning],
        delay_levels=frozenset(each.delay_until_recursion for each in used.values()) - {0},
    )


def _reach_of(entry: Entry, settings: BookSettings) -> Reach:
    """Return how many messages back, and in which fields, an entry is looked for."""
    depth = settings.scan_depth if entry.scan_depth is None else entry.scan_depth
    return depth, tuple(entry.fields)


def terms_of(entry: Entry, settings: BookSettings) -> Terms:
    """Return what an entry is looked for by."""

    def term(key: str) -> Term:
        return term_of(
            key,
            exact_case=_first(entry.case_sensitive, settings.case_sensitive),
            whole_words=_first(entry.whole_words, settings.whole_words),
            use_regex=entry.use_regex,
        )

    return Terms(
        primary=tuple(map(term, entry.keys)),
        secondary=tuple(map(term, entry.secondary_keys)),
        required=tuple(tuple(map(term, keys)) for keys in entry.required_keys),
        excluded=tuple(map(term, entry.exclude_keys)),
    )


def has_macro(term: Term) -> bool:
    """Whether a term has macros, which stand for something else in each conversation."""
    return _MACRO in (term.text if isinstance(term, Key) else term.source)


def _section(reach: Reach, ids: Sequence[UUID], terms: Mapping[UUID, Terms]) -> Section:
    owners: dict[Term, set[UUID]] = {}
    others: set[UUID] = set()
    searched: list[Term] = []
    for id_ in ids:
        searched += [term for term in terms[id_].all() if not has_macro(term)]
        for term in terms[id_].primary:
            if has_macro(term):
                others.add(id_)
            else:
                owners.setdefault(term, set()).add(id_)
    return Section(reach, TermIndex(searched), owners, others)


def _first(value: bool | None, default: bool) -> bool:  # noqa: FBT001 - both are settings
    return default if value is None else value
