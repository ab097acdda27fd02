"""The lorebooks in memory, prepared to be searched."""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy.ext.asyncio import AsyncSession

from services.embeddings import TextEmbedder
from services.llm import estimate
from services.lore import queries
from services.lore.activation import activate
from services.lore.books import Book, BookSettings, prepare
from services.lore.entries import Pattern, parse
from services.lore.queries import BookRevision
from services.lore.types import Activation, LoreContext, LorePlace
from services.personalities.cards import read_number

_MAX_ENTRIES = 50_000  # of all books that are kept
# As SillyTavern's vector storage compares: two messages, and so many entries at most.
_COMPARED_MESSAGES, _MAX_SIMILAR = 2, 5
# The cosine of unit vectors: between questions about an entry in other words and small talk, in
# the few conversations of `tests/services/test_lore_meaning.py`.
MIN_NEARNESS = 0.17


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
    """Keeps books that were searched as long as they are current, and searches them in threads.

    Without an `embedder`, entries are found by their keys alone.
    """

    def __init__(self, embedder: TextEmbedder | None = None) -> None:
        self._embedder = embedder
        # Of the entries found by meaning, in their order, with the book that they are of.
        self._vectors: dict[UUID, tuple[Book, npt.NDArray[np.float32]]] = {}
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

        prepared: list[Book] = []
        for each in books:
            if isinstance(each, UnpreparedBook):
                book = await asyncio.to_thread(each.prepare)
                self._keep(each.revision.revision, book)
                prepared.append(book)
            else:
                prepared.append(each)
        context = replace(context, similar=await self._find_similar(prepared, context.messages))
        activation = await asyncio.to_thread(
            activate,
            prepared,
            context,
            expand=expand,
            estimate=estimate,
            randomness=randomness,
            ignored=tuple(self._slow),
        )
        self._slow.update(activation.timed_out)
        return activation

    async def _find_similar(
        self, books: Sequence[Book], messages: Sequence[str]
    ) -> Mapping[UUID, float]:
        """Return the entries nearest in meaning to the last messages, of those that may be."""
        asked = [each.strip() for each in messages[-_COMPARED_MESSAGES:] if each.strip()]
        searched = [book for book in books if book.by_meaning]
        if self._embedder is None or not searched or not asked:
            return {}
        questions = np.array(await self._embedder.embed(asked), dtype=np.float32)
        found: dict[UUID, float] = {}
        for book in searched:
            vectors = await self._vectors_of(book, self._embedder)
            nearness = (vectors @ questions.T).max(axis=1)
            found |= dict(zip(book.by_meaning, map(float, nearness), strict=True))
        near = [id_ for id_, score in found.items() if score >= MIN_NEARNESS]
        near.sort(key=lambda id_: -found[id_])
        return {id_: found[id_] for id_ in near[:_MAX_SIMILAR]}

    async def _vectors_of(self, book: Book, embedder: TextEmbedder) -> npt.NDArray[np.float32]:
        """Return a vector for each entry of a book that is found by meaning."""
        cached, vectors = self._vectors.get(book.id, (None, None))
        if vectors is None or cached is not book:
            entries = [book.entries[id_] for id_ in book.by_meaning]
            texts = [f"{each.name}. {each.content}" for each in entries]
            vectors = np.array(await embedder.embed(texts), dtype=np.float32)
            self._vectors[book.id] = book, vectors
        return vectors

    def _keep(self, revision: int, book: Book) -> None:
        self._books[book.id] = revision, book
        self._books.move_to_end(book.id)
        while len(self._books) > 1 and self._entry_count > _MAX_ENTRIES:
            removed, _ = self._books.popitem(last=False)
            self._vectors.pop(removed, None)

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
