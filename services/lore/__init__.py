"""Lorebooks: what personalities know of when it is spoken of."""

from db.models import Lorebook, LoreEntry, LoreScope
from services.lore.activation import BUDGET_SHARE, activate
from services.lore.books import Book, BookSettings
from services.lore.card_books import CardLorebooks
from services.lore.editing import is_found_by_meaning
from services.lore.entries import Entry, Position
from services.lore.errors import (
    BadPattern,
    LorebookNameTaken,
    LorebookNotFound,
    LorebookTooLarge,
    LoreEntryNotFound,
    LoreNotYours,
    NotALorebook,
)
from services.lore.formats import LIMIT_MB, MAX_ENTRIES, LoreNote
from services.lore.library import LoreLibrary, UnpreparedBook
from services.lore.queries import has_timers, lore_text, save_timers, timers
from services.lore.service import DEFAULT_NOTE_DEPTH, LoreService
from services.lore.types import (
    MAX_BUDGET,
    Activated,
    Activation,
    EntryTexts,
    ListedBook,
    LoreContext,
    LorePlace,
    LoreTarget,
    Reason,
    Skipped,
    SkipReason,
    Timer,
)

__all__ = [
    "BUDGET_SHARE",
    "DEFAULT_NOTE_DEPTH",
    "LIMIT_MB",
    "MAX_BUDGET",
    "MAX_ENTRIES",
    "Activated",
    "Activation",
    "BadPattern",
    "Book",
    "BookSettings",
    "CardLorebooks",
    "Entry",
    "EntryTexts",
    "ListedBook",
    "LoreContext",
    "LoreEntry",
    "LoreEntryNotFound",
    "LoreLibrary",
    "LoreNotYours",
    "LoreNote",
    "LorePlace",
    "LoreScope",
    "LoreService",
    "LoreTarget",
    "Lorebook",
    "LorebookNameTaken",
    "LorebookNotFound",
    "LorebookTooLarge",
    "NotALorebook",
    "Position",
    "Reason",
    "SkipReason",
    "Skipped",
    "Timer",
    "UnpreparedBook",
    "activate",
    "has_timers",
    "is_found_by_meaning",
    "lore_text",
    "save_timers",
    "timers",
]
