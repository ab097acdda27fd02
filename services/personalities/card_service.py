"""Importing and exporting personalities as character cards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from db.models import Personality, PersonalityAlias, PersonalityCard, Visibility
from db.session import Sessions
from services.access import Owned, Quotas, check_quota
from services.clock import Clock, SystemClock
from services.heavy_work import HeavyWork
from services.people import get_or_create_user
from services.personalities import cards, definition, queries
from services.personalities.card_notes import CardNote, CardNoteKind, notes_of
from services.personalities.creation import insert, refuse_impersonating_names
from services.personalities.errors import CopyNotAllowed, NoCardImage, PersonalityDeleted
from services.personalities.guards import get_owned
from services.personalities.names import alias_for, free_name
from services.personalities.types import CardBooks, CardFile, CardKind, ImportedCard
from services.personalities.versions import Version
from services.types import Actor

# Settings that a copy has, too.
_COPIED = (
    *("age_restricted", "avatar_explicit", "memory_enabled", "context_window_size"),
    *("system_prompt_id", "image_enabled", "image_settings", "voice_settings"),
)


@dataclass(frozen=True, kw_only=True)
class CardExtras:
    """What an archive has beside the card: pictures, versions, the exporter's memories.

    Without a `face`, it is the card's. Memories are told with their times.
    """

    face: bytes | None = None
    expressions: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    versions: Sequence[Version] = ()
    memories: Sequence[tuple[datetime, str]] = ()

    def notes(self) -> Mapping[str, Any]:
        """Return what is no part of a card for other programs."""
        versions = [
            {"number": each.number, "created_at": each.row.created_at.isoformat()}
            | ({"label": each.row.label} if each.row.label else {})
            for each in self.versions
        ]
        memories = [
            {"created_at": at.isoformat(), "content": content} for at, content in self.memories
        ]
        named = {"versions": versions, "memories": memories}
        return {name: value for name, value in named.items() if value}


class CardService:
    """Reads character cards into personalities, and writes personalities as cards."""

    def __init__(
        self,
        sessions: Sessions,
        books: CardBooks,
        *,
        quotas: Quotas | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._sessions = sessions
        self._books = books
        self._quotas = quotas or Quotas()
        self._clock = clock or SystemClock()
        self._heavy_work = HeavyWork()

    async def import_card(
        self, actor: Actor, data: bytes, *, members: Iterable[str] = ()
    ) -> ImportedCard:
        """Create a personality from a character card and store the card.

        What does not fit is shortened. A name that nobody could call gets an alias, and one that
        another has a number.

        Raises:
            CardTooLarge, NotACard: The file is not a readable card.
            NameImpersonates: The name looks like somebody else's.
            TextEmpty: The name is not valid.
        """

        def read() -> tuple[cards.Card, dict[str, Any], Sequence[CardNote]]:
            card = cards.read(data)
            columns, shortened = definition.adapt(card.values)
            return card, columns, notes_of(card, columns, shortened)

        card, columns, notes = await self._heavy_work.run(actor.discord_id or 0, read)
        refuse_impersonating_names(columns, names := list(members))
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await check_quota(session, self._quotas, Owned.PERSONALITIES, user.id, actor=actor)
            await queries.lock_names(session)
            free = await free_name(session, columns["name"], user.id)
            if free != columns["name"]:
                notes = [*notes, CardNote(CardNoteKind.RENAMED, "name", detail=free)]
            personality = await insert(session, user.id, {**columns, "name": free})
            session.add(
                PersonalityCard(
                    personality_id=personality.id, document=card.document, file=card.file
                )
            )
            if book := card.body.get("character_book"):
                added = self._books.add(session, actor, user.id, personality.id, book)
                notes = [*notes, *await added]
            alias = await alias_for(session, personality, members=names)
            if alias is not None:
                session.add(PersonalityAlias(personality_id=personality.id, alias=alias))
        return ImportedCard(personality, notes, alias)

    async def copy(
        self,
        actor: Actor,
        personality_id: UUID,
        *,
        name: str | None = None,
        members: Iterable[str] = (),
    ) -> Personality:
        """Copy a personality with its lore and card; of another's, what is published of it.

        Raises:
            CopyNotAllowed: It is another's, who does not allow it.
            NameImpersonates, PersonalityNameTaken: The name is not available.
            PersonalityNotFound: It was deleted.
            QuotaReached: The actor has too many.
            TextEmpty, TextTooLong: The name is not valid.
        """
        async with self._sessions.begin() as session:
            original = await session.get(Personality, personality_id)
            if original is None or original.deleted_at is not None:
                raise PersonalityDeleted
            is_owner = await queries.is_owner(session, original.id, actor.discord_id)
            is_open = original.visibility == Visibility.PUBLIC and original.copy_allowed
            if not (is_owner or is_open or actor.is_bot_owner):
                raise CopyNotAllowed(original.name)
            published = await queries.published_definition(session, original)
            texts = definition.snapshot(original) if is_owner or not published else published
            owners = await queries.owners(session, original.id)
            user = await get_or_create_user(session, actor)
            await check_quota(session, self._quotas, Owned.PERSONALITIES, user.id, actor=actor)
            maker = owners[0].username if owners else "this bot"
            columns = {
                **definition.restored(texts),
                **{column: getattr(original, column) for column in _COPIED},
                **definition.validate({"name": name or f"{original.name[:70]} copy"}),
                "origin": original.origin or f"{original.name} by {maker}"[:300],
            }
            refuse_impersonating_names(columns, members)
            copy = await insert(session, user.id, columns)
            book = await self._books.find(session, original.id)
            if (card := await session.get(PersonalityCard, original.id)) is not None:
                document, file = card.document, card.file
                if not is_owner:
                    # What its owners removed before they published it is still in their card.
                    document, file = await self._heavy_work.run(
                        actor.discord_id or 0, self._rewrite, copy, card, book
                    )
                session.add(PersonalityCard(personality_id=copy.id, document=document, file=file))
            if book:
                await self._books.add(session, actor, user.id, copy.id, book)
            return copy

    async def export_card(
        self,
        actor: Actor,
        personality_id: UUID,
        kind: CardKind = CardKind.JSON,
        extras: CardExtras | None = None,
    ) -> CardFile:
        """Export a personality as a character card; the file as it came where nothing changed.

        An archive has the `extras`, too.

        Raises:
            NoCardImage: The file that it came from is requested, but it was not imported from one.
            OwnersOnly: The actor is not an owner.
        """
        async with self._sessions() as session:
            personality = await get_owned(session, actor, personality_id)
            card = await session.get(PersonalityCard, personality_id)
            book = await self._books.find(session, personality_id)
        if kind is CardKind.FILE and (card is None or card.file is None):
            raise NoCardImage(personality.name)
        if kind is CardKind.CHARX:
            return await self._heavy_work.run(
                actor.discord_id or 0,
                *(self._write_archive, personality, card, book, extras or CardExtras()),
            )
        return await self._heavy_work.run(
            actor.discord_id or 0, self._write, personality, card, book, kind
        )

    def _write_archive(
        self,
        personality: Personality,
        card: PersonalityCard | None,
        book: dict[str, Any] | None,
        extras: CardExtras,
    ) -> CardFile:
        face = extras.face or (cards.face_of(card.document, card.file) if card else None)
        data = cards.write_charx(
            self._document(personality, card, book),
            face,
            expressions=extras.expressions,
            notes=extras.notes(),
        )
        return CardFile(f"{personality.slug}.charx", data)

    def _write(
        self,
        personality: Personality,
        card: PersonalityCard | None,
        book: dict[str, Any] | None,
        kind: CardKind,
    ) -> CardFile:
        new = self._document(personality, card, book)
        file = card.file if card else None
        if kind is CardKind.JSON or card is None or file is None:
            return CardFile(f"{personality.slug}.json", new.encode())
        data = cards.write_file(file, card.document, new)
        return CardFile(f"{personality.slug}.{cards.extension_of(file)}", data)

    def _rewrite(
        self, personality: Personality, card: PersonalityCard, book: dict[str, Any] | None
    ) -> tuple[str, bytes | None]:
        """Return document and file of a card with a personality's values alone."""
        new = self._document(personality, card, book)
        return new, card.file and cards.write_file(card.file, card.document, new)

    def _document(
        self, personality: Personality, card: PersonalityCard | None, book: dict[str, Any] | None
    ) -> str:
        document = card.document if card else None
        values = {field.column: getattr(personality, field.column) for field in cards.FIELDS}
        original = cards.parse(document).body.get("character_book") if document else None
        is_same_book = book == (self._books.normalized(original) if original else None)
        return cards.write(
            document,
            values,
            definition.adapt_one,
            book=None if is_same_book else book or {"extensions": {}, "entries": []},
            now=self._clock.now(),
        )
