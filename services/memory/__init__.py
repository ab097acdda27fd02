"""Memories of personalities: recall for the chat, and management by users."""

from db.models import Memory
from services.memory.errors import MemoryLocked, MemoryNotFound
from services.memory.queries import add, is_full
from services.memory.retrieval import retrieve
from services.memory.service import MemoryService
from services.memory.types import RetrievedMemory

__all__ = [
    "Memory",
    "MemoryLocked",
    "MemoryNotFound",
    "MemoryService",
    "RetrievedMemory",
    "add",
    "is_full",
    "retrieve",
]
