"""Embeddings of text and pictures: vectors that are near each other for similar content."""

from services.embeddings.errors import (
    EmbedderFailed,
    EmbedderMisconfigured,
    EmbedderUnavailable,
)
from services.embeddings.hashed_words import HashedWordsEmbedder
from services.embeddings.local_images import LocalImageEmbedder
from services.embeddings.ports import DIMENSIONS, ImageEmbedder, TextEmbedder
from services.embeddings.registry import IMAGE_EMBEDDERS, has_word_vectors, text_embedder
from services.embeddings.service import ImageEmbeddings
from services.embeddings.wordllama import WordLlamaEmbedder

__all__ = [
    "DIMENSIONS",
    "IMAGE_EMBEDDERS",
    "EmbedderFailed",
    "EmbedderMisconfigured",
    "EmbedderUnavailable",
    "HashedWordsEmbedder",
    "ImageEmbedder",
    "ImageEmbeddings",
    "LocalImageEmbedder",
    "TextEmbedder",
    "WordLlamaEmbedder",
    "has_word_vectors",
    "text_embedder",
]
