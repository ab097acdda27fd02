"""Text and pictures as vectors, near each other where they are alike."""

from services.embeddings.errors import (
    EmbedderFailed,
    EmbedderMisconfigured,
    EmbedderUnavailable,
)
from services.embeddings.image_embed import ImageEmbed
from services.embeddings.local_images import LocalImageEmbedder
from services.embeddings.ports import DIMENSIONS, ImageEmbedder, TextEmbedder
from services.embeddings.wordllama import WordLlamaEmbedder

__all__ = [
    "DIMENSIONS",
    "EmbedderFailed",
    "EmbedderMisconfigured",
    "EmbedderUnavailable",
    "ImageEmbed",
    "ImageEmbedder",
    "LocalImageEmbedder",
    "TextEmbedder",
    "WordLlamaEmbedder",
]
