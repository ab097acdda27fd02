"""The registry of embedders.

An embedder of images is an entry here, an adapter beside this module and a line in
`bot/app/vendors.py` that builds it.
"""

from collections.abc import Mapping
from importlib.util import find_spec

from services.embeddings.hashed_words import HashedWordsEmbedder
from services.embeddings.ports import TextEmbedder
from services.embeddings.wordllama import WordLlamaEmbedder

# By the name that `IMAGE_EMBEDDER` takes: the setting that it needs, or None.
IMAGE_EMBEDDERS: Mapping[str, str | None] = {
    "local": None,
    "image_embed": "image_embed_url",
    "gemini": "gemini_api_key",
}


def has_word_vectors() -> bool:
    """Whether the library of word vectors is installed; it has no wheel for some platforms."""
    return find_spec("wordllama") is not None


def text_embedder(*, lazily: bool = False) -> TextEmbedder:
    """Return the best embedder of text that works here; `lazily` delays its loading."""
    return WordLlamaEmbedder(lazily=lazily) if has_word_vectors() else HashedWordsEmbedder()
