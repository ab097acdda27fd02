"""Which entries of lorebooks a conversation activates.

The order of the checks is that of SillyTavern (https://docs.sillytavern.app/usage/core-concepts/
worldinfo/), except that an entry without room is skipped instead of ending the search.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from services.lore import groups
from services.lore.books import SCOPE_ORDER, Book, Reach, has_macro
from services.lore.entries import Entry, Logic, Pattern, Position
from services.lore.matching import Key, PatternSearch, Term, TermIndex, Text
from services.lore.types import (
    Activated,
    Activation,
    Hit,
    LoreContext,
    Reason,
    Skipped,
    SkipReason,
    Timer,
)

BUDGET_SHARE = 0.15  # of what a model reads
ENTRY_SHARE = 1 / 3  # of the budget
_MAX_PASSES = 50
_PERCENT = 100


def activate(
    books: Sequence[Book],
    context: LoreContext,
    *,
    expand: Callable[[str], str],
    estimate: Callable[[str], int],
    randomness: random.Random | None = None,
    ignored: Sequence[Pattern] = (),
) -> Activation:
    """Return which entries are used. It may take long, so it belongs in a thread.

    `expand` expands macros, `estimate` counts tokens. `ignored` patterns have taken too long.
    """
    search = _Search(books, context, expand, estimate, randomness or random.Random(), ignored)  # noqa: S311 - nothing secret
    return search.run()


class _Texts:
    """The texts that the entries of one reach are looked for in, with what was found there."""

    def __init__(self, raw: str, patterns: PatternSearch, expand: Callable[[str], str]) -> None:
        self._patterns, self._expand = patterns, expand
        self._parts = [raw]
        self.found: set[Term] = set()

    def search(self, index: TermIndex) -> None:
        """Look for terms in the messages."""
        self.found |= index.find(Text(self._parts[0]), self._patterns)

    def add(self, raw: str, index: TermIndex) -> None:
        """Add the text of an activated entry, and look for terms in it."""
        self._parts.append(raw)
        self.found.update(index.find_again(raw, self._patterns))

    def has(self, term: Term) -> bool:
        """Whether a term is in the texts; one with macros is looked for now."""
        if not has_macro(term):
            return term in self.found
        if isinstance(term, Pattern):
            pattern = Pattern(self._expand(term.source), term.flags)
            return any(self._patterns.search(pattern, part) for part in self._parts)
        text = self._expand(term.text)
        key = replace(term, text=text if term.is_exact_case else text.casefold())
        return bool(text) and any(Text(part).has(key) for part in self._parts)


class _Search:
    def __init__(
        self,
        books: Sequence[Book],
        context: LoreContext,
        expand: Callable[[str], str],
        estimate: Callable[[str], int],
        randomness: random.Random,
        ignored: Sequence[Pattern],
    ) -> None:
        self._books = sorted(books, key=lambda book: SCOPE_ORDER.index(book.scope))
        self._context = context
        self._expand, self._estimate = expand, estimate
        self._random = randomness
        self._patterns = PatternSearch(context.seconds, ignored)
        self._timers = {each.entry_id: each for each in context.timers}
        self._texts: dict[tuple[UUID, Reach], _Texts] = {}
        self._activated: dict[UUID, Activated] = {}
        self._skipped: dict[UUID, Skipped] = {}
        self._used: dict[UUID | None, int] = {}
        self._level = 1

    def run(self) -> Activation:
        """Return what is activated, pass by pass: contents bring up other entries."""
        for book in self._books:
            for section in book.sections:
                self._texts_of(book, section.reach).search(section.index)
        delays = sorted({level for book in self._books for level in book.delay_levels})
        delay = delays.pop(0) if delays else 0
        for self._level in range(1, _MAX_PASSES + 1):
            new = self._pass(delay)
            contents = [
                each.text
                for each in new
                if each.book.settings.recursive and not each.entry.prevent_recursion
            ]
            if contents:
                self._add_texts(contents)
            elif delays:
                delay = delays.pop(0)
            else:
                break
        return Activation(
            activated=sorted(
                self._activated.values(), key=lambda each: (each.entry.order, str(each.entry.id))
            ),
            skipped=list(self._skipped.values()),
            timers=[timer for each in self._activated.values() if (timer := self._timer(each))],
            timed_out=self._patterns.timed_out,
        )

    def _candidates(self) -> dict[UUID, Book]:
        """Return the entries that may be used, by their keys or otherwise, and are not yet."""
        candidates: dict[UUID, Book] = {}
        for book in self._books:
            ids = set(book.always) | (book.entries.keys() & self._context.similar.keys())
            timed = book.entries.keys() & self._timers.keys()
            ids |= {id_ for id_ in timed if self._is_sticky(book.entries[id_])}
            for section in book.sections:
                ids.update(section.others)
                for term in self._texts_of(book, section.reach).found:
                    ids.update(section.owners.get(term, ()))
            ids -= self._activated.keys() | self._skipped.keys()
            candidates.update(dict.fromkeys(ids, book))
        return candidates

    def _texts_of(self, book: Book, reach: Reach) -> _Texts:
        if (texts := self._texts.get((book.id, reach))) is None:
            depth, fields = reach
            messages = self._context.messages[-depth:][::-1] if depth else ()
            others = (self._context.fields.get(name, "") for name in fields)
            text = "\n".join([*messages, *others])
            texts = _Texts(text, self._patterns, self._expand)
            self._texts[book.id, reach] = texts
        return texts

    def _add_texts(self, contents: Sequence[str]) -> None:
        """Look for keys in the texts of the entries that were activated."""
        for book in self._books:
            for section in book.sections if book.settings.recursive else ():
                texts = self._texts_of(book, section.reach)
                for content in contents:
                    texts.add(content, section.index)

    def _pass(self, delay: int) -> list[Activated]:
        checked = (
            self._check(book.entries[id_], book, delay) for id_, book in self._candidates().items()
        )
        hits = sorted((hit for hit in checked if hit is not None), key=lambda hit: hit.rank)
        lucky = [hit for hit in self._without_losers(hits) if self._is_lucky(hit)]
        new = [each for hit in lucky if (each := self._fit(hit)) is not None]
        self._activated.update({each.entry.id: each for each in new})
        return new

    def _check(self, entry: Entry, book: Book, delay: int) -> Hit | None:
        """Return an entry if it is found in this pass and may be used."""
        if not self._is_meant(entry) or not self._is_searched_now(entry, book, delay):
            return None
        hit = self._find(entry, book)
        if hit and hit.reason is not Reason.STICKY and (reason := self._waits_for(entry)):
            self._skip(entry, book, reason)
            return None
        return hit

    def _find(self, entry: Entry, book: Book) -> Hit | None:
        if entry.forced is False:
            return None
        reasons = {
            Reason.FORCED: bool(entry.forced),
            Reason.CONSTANT: entry.constant,
            Reason.STICKY: self._is_sticky(entry),
        }
        direct = next((reason for reason, holds in reasons.items() if holds), None)
        if direct:
            return Hit(entry, book, direct)
        return self._match(entry, book) or self._compare(entry, book)

    def _compare(self, entry: Entry, book: Book) -> Hit | None:
        """Return an entry if it is near in meaning to what was said last."""
        is_near = self._level == 1 and entry.id in self._context.similar
        return Hit(entry, book, Reason.MEANING) if is_near else None

    def _waits_for(self, entry: Entry) -> SkipReason | None:
        if entry.position is Position.OUTLET:
            return SkipReason.OUTLET
        if self._context.position < entry.delay:
            return SkipReason.DELAY
        timer = self._running_timer(entry)
        position = self._context.position
        is_cooling = timer and timer.sticky_until <= position < timer.cooldown_until
        return SkipReason.COOLDOWN if is_cooling else None

    def _is_searched_now(self, entry: Entry, book: Book, delay: int) -> bool:
        """Whether an entry is looked for in this pass; the first one sees the messages alone."""
        if self._level == 1:
            return not entry.delay_until_recursion
        is_recursive = book.settings.recursive and not entry.exclude_recursion
        return is_recursive and entry.delay_until_recursion <= delay

    def _is_meant(self, entry: Entry) -> bool:
        """Whether an entry is for this personality, this kind of answer and this moment."""
        context = self._context
        if entry.character_names or entry.character_tags:
            names = {each.casefold() for each in entry.character_names}
            is_named = context.personality_name.casefold() in names
            # Tags are those of the program that the book comes from: nobody here has one.
            if is_named is entry.excludes_characters:
                return False
        if entry.triggers and context.trigger not in entry.triggers:
            return False
        if context.own_messages < entry.only_after:
            return False
        if entry.only_every and context.own_messages % entry.only_every:
            return False
        return entry.greeting is None or entry.greeting == context.greeting

    def _match(self, entry: Entry, book: Book) -> Hit | None:
        texts = self._texts_of(book, book.reaches[entry.id])
        terms = book.terms[entry.id]

        def present(candidates: Iterable[Term]) -> list[Term]:
            return [term for term in candidates if texts.has(term)]

        primary = present(terms.primary)
        if not primary or not all(present(each) for each in terms.required):
            return None
        if present(terms.excluded):
            return None
        secondary = present(terms.secondary)
        if terms.secondary and not _holds(entry.logic, len(secondary), len(terms.secondary)):
            return None
        key = primary[0].text if isinstance(primary[0], Key) else f"/{primary[0].source}/"
        score = len(primary) + (len(secondary) if entry.logic in _SCORED else 0)
        return Hit(entry, book, Reason.KEY, key, score)

    def _without_losers(self, hits: Sequence[Hit]) -> list[Hit]:
        """Return the entries without those that lose in one of their inclusion groups."""
        active = {name for each in self._activated.values() for name in each.entry.groups}
        lost = groups.losers(hits, active, self._random)
        for hit in hits:
            if hit.entry.id in lost:
                self._skip(hit.entry, hit.book, SkipReason.GROUP)
        return [hit for hit in hits if hit.entry.id not in lost]

    def _is_lucky(self, hit: Hit) -> bool:
        probability = hit.entry.probability
        is_lucky = (
            hit.reason is Reason.STICKY
            or probability >= _PERCENT
            or self._random.random() * _PERCENT < probability
        )
        if not is_lucky:
            self._skip(hit.entry, hit.book, SkipReason.PROBABILITY)
        return is_lucky

    def _fit(self, hit: Hit) -> Activated | None:
        """Return an entry if there is room for it."""
        text = self._expand(hit.entry.content)
        tokens = self._estimate(text)
        budget = self._context.budget
        if not hit.entry.ignore_budget:
            used = self._used.get(None, 0) + tokens
            used_of_book = self._used.get(hit.book.id, 0) + tokens
            limit = hit.book.settings.token_budget
            if tokens > budget * ENTRY_SHARE:
                self._skip(hit.entry, hit.book, SkipReason.TOO_LONG)
                return None
            if used > budget or (limit is not None and used_of_book > limit):
                self._skip(hit.entry, hit.book, SkipReason.NO_ROOM)
                return None
            self._used.update({None: used, hit.book.id: used_of_book})
        return Activated(hit.entry, hit.book, text, tokens, hit.reason, hit.key, self._level)

    def _skip(self, entry: Entry, book: Book, reason: SkipReason) -> None:
        self._skipped[entry.id] = Skipped(entry, book, reason)

    def _running_timer(self, entry: Entry) -> Timer | None:
        """Return the timer of an entry that has not been changed since.

        One that the conversation has not gone on from was started by what is answered again now.
        """
        timer = self._timers.get(entry.id)
        is_current = timer and timer.content_hash == entry.content_hash
        return timer if timer and is_current and timer.started < self._context.position else None

    def _is_sticky(self, entry: Entry) -> bool:
        timer = self._running_timer(entry)
        return timer is not None and self._context.position < timer.sticky_until

    def _timer(self, activated: Activated) -> Timer | None:
        entry, position = activated.entry, self._context.position
        if not (entry.sticky or entry.cooldown):
            return None
        running = self._running_timer(entry)
        if running and position < max(running.sticky_until, running.cooldown_until):
            return None
        sticky_until = position + entry.sticky
        return Timer(
            entry.id, entry.content_hash, position, sticky_until, sticky_until + entry.cooldown
        )


_SCORED = (Logic.AND_ANY, Logic.AND_ALL)


def _holds(logic: Logic, present: int, count: int) -> bool:
    match logic:
        case Logic.AND_ANY:
            return present > 0
        case Logic.NOT_ALL:
            return present < count
        case Logic.NOT_ANY:
            return present == 0
        case Logic.AND_ALL:
            return present == count
