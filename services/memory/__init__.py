"""Memories of personalities: recall for the chat, and management by users."""

from db.models import Fact, Memory
from services.memory.birthdays import birthday_span, names_birthday
from services.memory.browsing import MemoryAge, MemoryFilter, MemoryKind
from services.memory.errors import (
    FactNotFound,
    IncognitoNow,
    MemoryForbidden,
    MemoryFull,
    MemoryLocked,
    MemoryNotFound,
    MemoryOff,
    TooManyPinned,
)
from services.memory.excerpts import best_part, without_repetitions
from services.memory.exchanges import write_exchange
from services.memory.extraction import MAX_STATEMENT, Sitting, SittingNotes, notes_request
from services.memory.facts import KnownFact, OwnFact, add_stated, known_facts, own_facts
from services.memory.filling import IndexHandler, count_embedded
from services.memory.handlers import memory_handlers
from services.memory.indexing import IndexedText, index
from services.memory.meaning import MeaningModel
from services.memory.modes import MemoryModes, Mode
from services.memory.queries import add_within, note_recalled, public_talk, rewrite
from services.memory.questions import Question, ask
from services.memory.reach import sharing_personalities
from services.memory.retrieval import retrieve
from services.memory.service import Author, MemoryService
from services.memory.sittings import (
    SittingSummary,
    drop_summaries,
    facts_in,
    give_up,
    has_summaries,
    index_with_facts,
    is_open,
    store_notes,
    summaries_of,
    unread_of,
)
from services.memory.terms import fit
from services.memory.types import RetrievedMemory
from services.memory.updates import find_updated

__all__ = [
    "MAX_STATEMENT",
    "Author",
    "Fact",
    "FactNotFound",
    "IncognitoNow",
    "IndexHandler",
    "IndexedText",
    "KnownFact",
    "MeaningModel",
    "Memory",
    "MemoryAge",
    "MemoryFilter",
    "MemoryForbidden",
    "MemoryFull",
    "MemoryKind",
    "MemoryLocked",
    "MemoryModes",
    "MemoryNotFound",
    "MemoryOff",
    "MemoryService",
    "Mode",
    "OwnFact",
    "Question",
    "RetrievedMemory",
    "Sitting",
    "SittingNotes",
    "SittingSummary",
    "TooManyPinned",
    "add_stated",
    "add_within",
    "ask",
    "best_part",
    "birthday_span",
    "count_embedded",
    "drop_summaries",
    "facts_in",
    "find_updated",
    "fit",
    "give_up",
    "has_summaries",
    "index",
    "index_with_facts",
    "is_open",
    "known_facts",
    "memory_handlers",
    "names_birthday",
    "note_recalled",
    "notes_request",
    "own_facts",
    "public_talk",
    "retrieve",
    "rewrite",
    "sharing_personalities",
    "store_notes",
    "summaries_of",
    "unread_of",
    "without_repetitions",
    "write_exchange",
]
