"""What a text is found by: its terms and its meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.embeddings import TextEmbedder
from services.memory.questions import is_english
from services.memory.terms import document_terms

# The embedder of a memory that no model has to read, unless one is chosen for all.
WORD_VECTORS = ""


@dataclass(frozen=True)
class IndexedText:
    """A text with what it is found by."""

    content: str
    embedding: Sequence[float]
    terms: Any

    def columns(self) -> dict[str, Any]:
        """Return the columns of a memory that hold it."""
        return {
            "content": self.content,
            "embedding": self.embedding,
            "terms": self.terms,
            "embedder": WORD_VECTORS if is_english(self.content) else None,
        }


async def index(
    embedder: TextEmbedder,
    contents: Sequence[str],
    notes: Sequence[Sequence[str]] | None = None,
) -> list[IndexedText]:
    """Return texts with what they are found by, which is of their `notes`, too, where given."""
    keys = list(contents)
    if notes is not None:
        keys = ["\n".join([each, *noted]) for each, noted in zip(contents, notes, strict=True)]
    embeddings = await embedder.embed(keys)
    return [
        IndexedText(content, embedding, document_terms(key))
        for content, key, embedding in zip(contents, keys, embeddings, strict=True)
    ]
