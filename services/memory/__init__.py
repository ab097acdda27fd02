"""Memories of personalities: recall for the chat, and management by users."""

from db.models import Memory
from services.memory.errors import (
    IncognitoNow,
    MemoryForbidden,
    MemoryFull,
    MemoryLocked,
    MemoryNotFound,
    MemoryOff,
    TooManyPinned,
)
from services.memory.excerpts import best_part, without_repetitions
from services.memory.filling import IndexHandler
from services.memory.indexing import IndexedText, index
from services.memory.queries import add, is_full, rewrite
from services.memory.questions import Question, ask
from services.memory.retrieval import retrieve
from services.memory.service import MemoryService
from services.memory.types import RetrievedMemory
from services.memory.updates import find_updated

__all__ = [
    "IncognitoNow",
    "IndexHandler",
    "IndexedText",
    "Memory",
    "MemoryForbidden",
    "MemoryFull",
    "MemoryLocked",
    "MemoryNotFound",
    "MemoryOff",
    "MemoryService",
    "Question",
    "RetrievedMemory",
    "TooManyPinned",
    "add",
    "ask",
    "best_part",
    "find_updated",
    "index",
    "is_full",
    "retrieve",
    "rewrite",
    "without_repetitions",
]
