"""Embeddings of text and pictures: vectors that are near each other for similar content."""

from services.embeddings.errors import (
    EmbedderFailed,
    EmbedderMisconfigured,
    EmbedderUnavailable,
)
from services.embeddings.local_images import LocalImageEmbedder
from services.embeddings.ports import DIMENSIONS, ImageEmbedder, TextEmbedder
from services.embeddings.registry import IMAGE_EMBEDDERS
from services.embeddings.wordllama import WordLlamaEmbedder

__all__ = [
    "DIMENSIONS",
    "IMAGE_EMBEDDERS",
    "EmbedderFailed",
    "EmbedderMisconfigured",
    "EmbedderUnavailable",
    "ImageEmbedder",
    "LocalImageEmbedder",
    "TextEmbedder",
    "WordLlamaEmbedder",
]
