"""Text and pictures as vectors, near each other where they are alike."""

from services.embedders.errors import (
    EmbedderFailed,
    EmbedderMisconfigured,
    EmbedderUnavailable,
)
from services.embedders.image_embed import ImageEmbed
from services.embedders.ports import DIMENSIONS, ImageEmbedder, TextEmbedder
from services.embedders.visual import LocalImageEmbedder
from services.embedders.wordllama import WordLlamaEmbedder

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
