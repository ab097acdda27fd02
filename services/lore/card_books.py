"""The lorebooks that cards bring along, and take with them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import LoreScope
from services.access import Owned, QuotaReached, Quotas, check_quota
from services.lore import formats, queries
from services.lore.errors import LorebookTooLarge, NotALorebook
from services.lore.types import LoreTarget
from services.personalities import CardBooks, CardNote, CardNoteKind
from services.types import Actor

_BOOK = "character_book"


class CardLorebooks(CardBooks):
    """Stores the book of a card as one of its personality."""

    def __init__(self, quotas: Quotas | None = None) -> None:
        self._quotas = quotas or Quotas()

    @override
    async def add(
        self, session: AsyncSession, actor: Actor, maker_id: UUID, personality_id: UUID, book: Any
    ) -> Sequence[CardNote]:
        try:
            file = formats.read_document(book)
            await check_quota(
                session,
                self._quotas,
                Owned.LORE_ENTRIES,
                maker_id,
                actor=actor,
                adding=len(file.entries),
            )
        except NotALorebook:
            return [CardNote(CardNoteKind.UNUSED, _BOOK)]
        except LorebookTooLarge:
            limit = formats.MAX_ENTRIES
            return [CardNote(CardNoteKind.TOO_LARGE, _BOOK, limit=limit)]
        except QuotaReached as error:
            return [CardNote(CardNoteKind.TOO_LARGE, _BOOK, limit=error.limit)]
        if not file.entries:
            return []
        target = LoreTarget(scope=LoreScope.PERSONALITY, personality_id=personality_id)
        await queries.add_book(session, target, maker_id, file.name or "Lore", file)
        return [
            CardNote(CardNoteKind.LORE, each.entry, detail=each.kind.value) for each in file.notes
        ]

    @override
    async def find(self, session: AsyncSession, personality_id: UUID) -> dict[str, Any] | None:
        books = await queries.books_of(session, personality_id)
        if not books:
            return None
        first, _ = books[0]
        documents = [entry.document for _, entries in books for entry in entries]
        return formats.to_character_book(first.document, documents)

    @override
    def normalized(self, book: Any) -> dict[str, Any] | None:
        try:
            file = formats.read_document(book)
        except (LorebookTooLarge, NotALorebook):
            return None
        if not file.entries:
            return None
        return formats.to_character_book(file.document, file.entries)
