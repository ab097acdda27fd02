"""What a text is found by: its terms and its meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.embeddings import TextEmbedder
from services.memory.terms import document_terms


@dataclass(frozen=True)
class IndexedText:
    """A text with what it is found by."""

    content: str
    embedding: Sequence[float]
    terms: Any

    def columns(self) -> dict[str, Any]:
        """Return the columns of a memory that hold it."""
        return {"content": self.content, "embedding": self.embedding, "terms": self.terms}


async def index(embedder: TextEmbedder, contents: Sequence[str]) -> list[IndexedText]:
    """Return texts with what they are found by."""
    embeddings = await embedder.embed(contents)
    return [
        IndexedText(content, embedding, document_terms(content))
        for content, embedding in zip(contents, embeddings, strict=True)
    ]
