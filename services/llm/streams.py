"""Calls whose answers are followed while they are written."""

import re
from contextlib import aclosing
from weakref import WeakSet

from services.llm.errors import (
    ModelError,
    ModelMisconfigured,
    ModelOverloaded,
    ModelProblem,
    ModelUnavailable,
)
from services.llm.ports import TextListener, TextModel
from services.llm.types import Completion, Request

# In the refusals of a request with functions: vLLM's, llama.cpp's, Ollama's, OpenRouter's.
_NO_TOOLS = re.compile(
    r"\btools?\b|tool[_ -]?(?:choice|call|use)|function[_ -]?call", re.IGNORECASE
)


class StreamedCall:
    """Asks for an answer in pieces, and once a server has sent none, for the whole."""

    def __init__(self, listener: TextListener, unstreamed: WeakSet[TextModel]) -> None:
        self._listener = listener
        self._unstreamed = unstreamed
        self._is_whole = False

    async def ask(self, vendor: TextModel, request: Request) -> Completion:
        """Return an answer that the listener has followed.

        Raises:
            ModelError: The call failed.
        """
        self._listener.begin()
        if self._is_whole or vendor in self._unstreamed:
            return await vendor.complete(request)
        has_begun = False
        try:
            async with aclosing(vendor.stream(request)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Completion):
                        return piece
                    has_begun = True
                    self._listener.write(piece)
        except ModelUnavailable as error:
            self._is_whole = not (has_begun or isinstance(error, ModelOverloaded))
            raise
        except ModelMisconfigured as error:
            # Some servers do not know how to stream; what they refuse is not processed.
            is_other = error.problem is not ModelProblem.REQUEST_REFUSED or refuses_tools(
                request, error
            )
            if has_begun or is_other:
                raise
            completion = await vendor.complete(request)
            if "stream" in error.detail.lower():
                self._unstreamed.add(vendor)
            return completion
        raise ModelUnavailable(request.model)


def refuses_tools(request: Request, error: ModelError) -> bool:
    """Whether a request was refused because of the functions in it."""
    return bool(request.tools) and _NO_TOOLS.search(error.detail) is not None
