"""A log of the last requests to models, in memory, for whoever looks behind the scenes."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.llm.types import Completion, Request

_MAX_CALLS: Final = 300


@dataclass(frozen=True, kw_only=True)
class LoggedCall:
    """A request as it was sent, and its answer."""

    request: Request
    completion: Completion


class RequestLog:
    """The last answered requests. It holds what people have written, so it is never stored."""

    def __init__(self) -> None:
        self._calls: deque[LoggedCall] = deque(maxlen=_MAX_CALLS)

    @property
    def last(self) -> LoggedCall | None:
        """Return the call that was answered last."""
        return self._calls[-1] if self._calls else None

    def add(self, request: Request, completion: Completion) -> None:
        """Add an answered request."""
        self._calls.append(LoggedCall(request=request, completion=completion))

    def find(self, request_id: UUID) -> Sequence[LoggedCall]:
        """Return the calls for one text, in order: attempts, and rounds of tools."""
        return [call for call in self._calls if call.request.id == request_id]
