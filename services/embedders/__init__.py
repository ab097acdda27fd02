"""Text as vectors of 256 numbers, whoever the vendor."""

from services.embedders.ports import DIMENSIONS, TextEmbedder
from services.embedders.wordllama import WordLlamaEmbedder

__all__ = ["DIMENSIONS", "TextEmbedder", "WordLlamaEmbedder"]
