"""The lorebooks in memory, prepared to be searched."""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.llm import estimate
from services.lore import queries
from services.lore.activation import activate
from services.lore.books import Book, BookSettings, prepare
from services.lore.entries import Pattern, parse
from services.lore.queries import BookRevision
from services.lore.types import Activation, LoreContext, LorePlace
from services.personalities.cards import read_number

_MAX_ENTRIES = 50_000  # of all books that are kept


@dataclass(frozen=True)
class UnpreparedBook:
    """A book as it is stored, which is prepared when it is searched."""

    revision: BookRevision
    document: Mapping[str, Any]
    entries: Sequence[tuple[UUID, Mapping[str, Any]]]

    @property
    def id(self) -> UUID:
        """Return the id of the book."""
        return self.revision.id

    def prepare(self) -> Book:
        """Return the book with its keys indexed."""
        return prepare(
            self.revision.id,
            self.revision.name,
            self.revision.scope,
            [parse(document, id_) for id_, document in self.entries],
            settings_of(self.document),
        )


class LoreLibrary:
    """Keeps books that were searched as long as they are current, and searches them in threads."""

    def __init__(self) -> None:
        self._books: OrderedDict[UUID, tuple[int, Book]] = OrderedDict()
        # Patterns that took too long; they are off until their entry is another one.
        self._slow: set[Pattern] = set()

    async def books(
        self, session: AsyncSession, place: LorePlace
    ) -> Sequence[Book | UnpreparedBook]:
        """Return the books that apply somewhere; those that are not kept are read."""
        found: list[Book | UnpreparedBook] = []
        for revision in await queries.revisions(session, place):
            number, book = self._books.get(revision.id, (None, None))
            if book is not None and number == revision.revision:
                self._books.move_to_end(revision.id)
                found.append(book)
            else:
                document, entries = await queries.documents(session, revision.id)
                found.append(UnpreparedBook(revision, document, entries))
        return found

    async def search(
        self,
        books: Sequence[Book | UnpreparedBook],
        context: LoreContext,
        *,
        expand: Callable[[str], str],
        randomness: random.Random | None = None,
    ) -> Activation:
        """Return which entries of some books a conversation activates."""
        if not books:
            return Activation()

        def search() -> tuple[Activation, list[Book]]:
            prepared = [
                each.prepare() if isinstance(each, UnpreparedBook) else each for each in books
            ]
            activation = activate(
                prepared,
                context,
                expand=expand,
                estimate=estimate,
                randomness=randomness,
                ignored=tuple(self._slow),
            )
            return activation, prepared

        activation, prepared = await asyncio.to_thread(search)
        self._slow.update(activation.timed_out)
        for each, book in zip(books, prepared, strict=True):
            if isinstance(each, UnpreparedBook):
                self._keep(each.revision.revision, book)
        return activation

    def _keep(self, revision: int, book: Book) -> None:
        self._books[book.id] = revision, book
        self._books.move_to_end(book.id)
        while len(self._books) > 1 and self._entry_count > _MAX_ENTRIES:
            self._books.popitem(last=False)

    @property
    def _entry_count(self) -> int:
        return sum(len(book.entries) for _, book in self._books.values())


def settings_of(document: Mapping[str, Any]) -> BookSettings:
    """Return the settings in the document of a book."""
    defaults = BookSettings()
    depth = read_number(document.get("scan_depth"))
    budget = read_number(document.get("token_budget"))
    return BookSettings(
        scan_depth=defaults.scan_depth if depth is None else max(0, min(1000, depth)),
        token_budget=budget if budget and budget > 0 else None,
        recursive=document.get("recursive_scanning") is not False,
        case_sensitive=document.get("case_sensitive") is True,
        whole_words=document.get("match_whole_words") is not False,
    )
