"""Creating, changing, testing, importing and exporting lorebooks."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Lorebook, LoreEntry, LoreScope, Personality
from db.session import Sessions
from services.access import Owned, Quotas, check_quota
from services.clock import Clock, SystemClock
from services.errors import DomainError
from services.heavy_work import HeavyWork
from services.lore import formats, queries
from services.lore.editing import entry_values, with_meaning
from services.lore.entries import (
    MAX_CONTENT,
    Position,
    is_about,
    name_of,
    parse,
)
from services.lore.errors import (
    LorebookNameTaken,
    LorebookNotFound,
    LorebookTooLarge,
    LoreEntryNotFound,
    LoreNotYours,
)
from services.lore.library import LoreLibrary
from services.lore.types import (
    Activation,
    EntryTexts,
    ImportedBook,
    ListedBook,
    LoreContext,
    LoreFile,
    LorePlace,
    LoreTarget,
)
from services.macros import Macros
from services.people import get_or_create_user
from services.personalities import (
    StillPublic,
    get_owned,
    is_public_or_pending,
    macro_values,
)
from services.texts import clean_name, clean_text
from services.types import Actor

DEFAULT_NOTE_DEPTH = 4
_NOTE_NAME = "Author's note"


class LoreService:
    """Manages lorebooks. Who may change one depends on what it belongs to."""

    def __init__(
        self,
        sessions: Sessions,
        library: LoreLibrary,
        *,
        quotas: Quotas | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._sessions = sessions
        self._library = library
        self._quotas = quotas or Quotas()
        self._clock = clock or SystemClock()
        self._heavy_work = HeavyWork()

    async def create(self, actor: Actor, target: LoreTarget, name: str) -> Lorebook:
        """Create an empty book.

        Raises:
            LoreNotYours, OwnersOnly: The actor may not.
            LorebookNameTaken: There is one of that name.
            TextEmpty, TextTooLong: The name is not valid.
        """
        file = formats.BookFile(name=clean_name(name), document={}, entries=[])
        return (await self._add(actor, target, file)).book

    async def import_book(
        self, actor: Actor, target: LoreTarget, data: bytes, *, name: str
    ) -> ImportedBook:
        """Create a book from a file; `name` is used if the file has none.

        Raises:
            LoreNotYours, OwnersOnly: The actor may not.
            LorebookTooLarge, NotALorebook: The file is no readable book.
            LorebookNameTaken: There is one of that name.
            QuotaReached: The actor has too many entries.
        """
        file = await self._heavy_work.run(actor.discord_id, formats.read, data)
        return await self._add(actor, target, file, default_name=name)

    async def list_books(self, actor: Actor, place: LorePlace) -> Sequence[ListedBook]:
        """Return a person's own books, and those of this place that they may change."""
        async with self._sessions() as session:
            return await queries.list_books(session, actor, place)

    async def books_of(self, actor: Actor, personality_id: UUID) -> Sequence[ListedBook]:
        """Return the books of a personality, if the actor owns it."""
        async with self._sessions() as session:
            return await queries.list_books(
                session, actor, LorePlace(), personality_id=personality_id
            )

    async def find(self, actor: Actor, name: str, place: LorePlace) -> Lorebook:
        """Return the book of this name, or id, that a person may change here.

        Raises:
            LorebookNotFound: There is none.
        """
        typed = name.strip().lower()
        for each in await self.list_books(actor, place):
            if typed in {each.book.name.lower(), str(each.book.id)}:
                return each.book
        raise LorebookNotFound(name)

    async def get(self, actor: Actor, book_id: UUID) -> Lorebook:
        """Return a book that the actor may change, or whose personality is theirs and public.

        Raises:
            LorebookNotFound: It was deleted.
            LoreNotYours, OwnersOnly: The actor may not.
        """
        async with self._sessions.begin() as session:
            return await self._owned(session, actor, book_id, is_changing=False)

    async def entries(self, book_id: UUID) -> Sequence[LoreEntry]:
        """Return the entries of a book in order."""
        async with self._sessions() as session:
            return await queries.entries(session, book_id)

    async def search_entries(self, book_id: UUID, typed: str) -> Sequence[tuple[int, LoreEntry]]:
        """Return entries with their numbers, by a number or by words; all if nothing is typed."""
        words = typed.strip().lower().removeprefix("#")
        return [
            (number, entry)
            for number, entry in enumerate(await self.entries(book_id), start=1)
            if words == str(number) or is_about(entry.document, words)
        ]

    async def find_entry(self, book: Lorebook, typed: str) -> LoreEntry:
        """Return the entry of a book with this name, or number.

        Raises:
            LoreEntryNotFound: There is none.
        """
        async with self._sessions() as session:
            entry = await queries.find_entry(session, book.id, typed)
        if entry is None:
            raise LoreEntryNotFound(typed)
        return entry

    async def get_entry(self, actor: Actor, entry_id: UUID) -> tuple[Lorebook, LoreEntry]:
        """Return an entry that the actor may change, and its book.

        Raises:
            LorebookNotFound, LoreEntryNotFound: It was deleted.
            LoreNotYours, OwnersOnly: The actor may not.
        """
        async with self._sessions.begin() as session:
            entry = await session.get(LoreEntry, entry_id)
            if entry is None:
                raise LoreEntryNotFound("this entry")
            return await self._owned(session, actor, entry.lorebook_id), entry

    async def changeable(self, actor: Actor, entry_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
        """Return those of some entries that the actor may change, by their ids, with texts."""
        found: list[tuple[UUID, str]] = []
        for each in entry_ids:
            with suppress(DomainError):
                _, entry = await self.get_entry(actor, each)
                found.append((each, f"{entry.name}: {entry.document.get('content') or ''}"))
        return found

    async def save_entry(
        self, actor: Actor, book_id: UUID, entry_id: UUID | None, texts: EntryTexts
    ) -> LoreEntry:
        """Change an entry, or add one at the end of a book.

        Raises:
            BadPattern: A key is a regular expression that cannot be used.
            LorebookNotFound, LoreEntryNotFound: It was deleted.
            LoreNotYours, OwnersOnly: The actor may not.
            LorebookTooLarge, QuotaReached: There are too many entries.
            TextTooLong: The text is too long.
        """
        values = entry_values(texts)
        async with self._sessions.begin() as session:
            book = await self._owned(session, actor, book_id)
            if entry_id is None:
                if await queries.entry_count(session, book_id) >= formats.MAX_ENTRIES:
                    raise LorebookTooLarge(formats.LIMIT_MB, formats.MAX_ENTRIES)
                await self._check_quota(session, actor, book.maker_id, 1)
                document: dict[str, Any] = {"insertion_order": 100, "extensions": {}, **values}
                document = with_meaning(document, by_meaning=texts.by_meaning)
                entry = await queries.add_entry(session, book_id, document)
            else:
                entry = await session.get(LoreEntry, entry_id)
                if entry is None or entry.lorebook_id != book_id:
                    raise LoreEntryNotFound("this entry")
                entry.document = with_meaning(
                    {**entry.document, **values}, by_meaning=texts.by_meaning
                )
            entry.name = name_of(entry.document)
            book.revision += 1
            return entry

    async def note(self, actor: Actor, target: LoreTarget) -> tuple[str, int]:
        """Return text and depth of the author's note of a channel; an empty text if it has none.

        Raises:
            LoreNotYours: The actor may not change it.
        """
        async with self._sessions() as session:
            await _check_target(session, actor, target)
            entry = await queries.find_note(session, target)
        if entry is None:
            return "", DEFAULT_NOTE_DEPTH
        parsed = parse(entry.document, entry.id)
        return parsed.content, parsed.depth

    async def set_note(self, actor: Actor, target: LoreTarget, text: str, depth: int) -> None:
        """Set the author's note of a channel: a message so deep in its conversation, or none.

        Raises:
            LoreNotYours: The actor may not change it.
            TextTooLong: The text is too long.
        """
        content = clean_text(text, field="note", limit=MAX_CONTENT)
        document: dict[str, Any] = {
            "comment": _NOTE_NAME,
            "keys": [],
            "content": content,
            "constant": True,
            "enabled": True,
            "insertion_order": 100,
            "extensions": {
                "position": Position.AT_DEPTH.value,
                "depth": depth,
                "ignore_budget": True,
            },
        }
        async with self._sessions.begin() as session:
            await _check_target(session, actor, target)
            entry = await queries.find_note(session, target)
            if entry is not None:
                book = await session.get_one(Lorebook, entry.lorebook_id)
                if not content:
                    await session.delete(book)
                    return
                entry.document = document
                book.revision += 1
            elif content:
                user = await get_or_create_user(session, actor)
                file = formats.BookFile(
                    name=_NOTE_NAME, document={formats.AUTHOR_NOTE: True}, entries=[document]
                )
                await queries.add_book(session, target, user.id, _NOTE_NAME, file)

    async def configure(
        self, actor: Actor, book_id: UUID, *, enabled: bool | None = None, **settings: Any
    ) -> Lorebook:
        """Change settings of a book; None keeps the current value.

        Raises:
            LorebookNotFound: It was deleted.
            LoreNotYours, OwnersOnly: The actor may not.
        """
        async with self._sessions.begin() as session:
            book = await self._owned(session, actor, book_id)
            if enabled is not None:
                book.enabled = enabled
            changes = {name: value for name, value in settings.items() if value is not None}
            book.document = {**book.document, **changes}
            book.revision += 1
            return book

    async def delete(self, actor: Actor, book_id: UUID, entry_id: UUID | None = None) -> None:
        """Delete an entry of a book, or all of it.

        Raises:
            LorebookNotFound: It was deleted already.
            LoreNotYours, OwnersOnly: The actor may not.
        """
        async with self._sessions.begin() as session:
            book = await self._owned(session, actor, book_id)
            if entry_id is None:
                await session.delete(book)
            else:
                await queries.delete_entry(session, book_id, entry_id)
                book.revision += 1

    async def export(self, actor: Actor, book_id: UUID, *, as_world_info: bool) -> LoreFile:
        """Return a book as a file, as World Info or as the book of a card.

        Raises:
            LorebookNotFound: It was deleted.
            LoreNotYours, OwnersOnly: The actor may not.
        """
        async with self._sessions() as session:
            book = await self._owned(session, actor, book_id, is_changing=False)
            documents = [each.document for each in await queries.entries(session, book_id)]
        named = {"name": book.name, **book.document}

        def write() -> bytes:
            if as_world_info:
                return json.dumps(formats.to_world_info(named, documents), indent=2).encode()
            data = formats.to_character_book(named, documents)
            return json.dumps({"spec": "lorebook_v3", "data": data}, indent=2).encode()

        return LoreFile(f"{book.name}.json", await self._heavy_work.run(actor.discord_id, write))

    async def test(
        self, actor: Actor, place: LorePlace, text: str, personality: Personality
    ) -> Activation:
        """Return which entries a message would activate, and why, of books the actor may change."""
        own = {each.book.id for each in await self.list_books(actor, place)}
        async with self._sessions() as session:
            at = replace(place, personality_id=personality.id)
            books = [each for each in await self._library.books(session, at) if each.id in own]
        values = macro_values(personality, now=self._clock.now(), user="the user")
        context = LoreContext(
            messages=[text], personality_name=personality.name, fields=values.fields
        )
        return await self._library.search(books, context, expand=Macros(values).expand)

    async def _add(
        self, actor: Actor, target: LoreTarget, file: formats.BookFile, default_name: str = ""
    ) -> ImportedBook:
        name = clean_name(file.name or default_name)
        async with self._sessions.begin() as session:
            await _check_target(session, actor, target)
            if await queries.is_taken(session, target, name):
                raise LorebookNameTaken(name)
            user = await get_or_create_user(session, actor)
            await self._check_quota(session, actor, user.id, len(file.entries))
            book = await queries.add_book(session, target, user.id, name, file)
            return ImportedBook(book, len(file.entries), file.notes)

    async def _check_quota(
        self, session: AsyncSession, actor: Actor, maker_id: UUID | None, adding: int
    ) -> None:
        if maker_id is not None:
            await check_quota(
                session, self._quotas, Owned.LORE_ENTRIES, maker_id, actor=actor, adding=adding
            )

    async def _owned(
        self, session: AsyncSession, actor: Actor, book_id: UUID, *, is_changing: bool = True
    ) -> Lorebook:
        """Return a book that the actor may change, locked."""
        book = await session.get(Lorebook, book_id, with_for_update=True)
        if book is None:
            raise LorebookNotFound("this lorebook")
        target = LoreTarget(
            scope=LoreScope(book.scope),
            channel_id=book.channel_id,
            guild_id=book.guild_id,
            persona_id=book.persona_id,
            personality_id=book.personality_id,
        )
        await _check_target(session, actor, target, is_changing=is_changing)
        return book


async def _check_target(
    session: AsyncSession, actor: Actor, target: LoreTarget, *, is_changing: bool = True
) -> None:
    """Check that a person may have books of a target.

    Raises:
        LoreNotYours, OwnersOnly: They may not.
        StillPublic: It is a public personality, whose lore was assessed when it was published.
    """
    if target.personality_id is not None:
        personality = await get_owned(session, actor, target.personality_id)
        if is_changing and is_public_or_pending(personality):
            raise StillPublic(personality.name)
        return
    match target.scope:
        case LoreScope.CHANNEL:
            is_allowed = actor.moderates or target.guild_id is None
        case LoreScope.SERVER:
            is_allowed = actor.moderates_server and target.guild_id is not None
        case LoreScope.PERSONA:
            is_allowed = await queries.owns_persona(session, actor.discord_id, target.persona_id)
        case _:
            is_allowed = False
    if not (is_allowed or actor.is_bot_owner):
        raise LoreNotYours(target.scope)
