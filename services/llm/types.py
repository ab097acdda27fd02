"""Requests to language models, and their answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)
MessageRole: TypeAlias = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image for a vision model, already validated and of a size that vendors accept."""

    media_type: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A function that a model may call; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A call of a function by a model. `arguments` should be JSON, but is as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class NativeTurn:
    """A turn in which a model calls functions, in the form in which its vendor wants it back.

    It may hold what has no place in ours: signatures, and reasoning.
    """

    vendor: str
    value: Any


@dataclass(frozen=True)
class ChatMessage:
    """One message of a prompt.

    An assistant's may have `calls` of functions, and its `native` form; a tool's is the result of
    the call that it `answers`.
    """

    role: MessageRole
    content: str
    images: tuple[Image, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    native: NativeTurn | None = None
    answers: ToolCall | None = None


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Sampling parameters of a model; None leaves a parameter to the vendor."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    max_tokens: int | None = None

    def specified(self) -> dict[str, float | int]:
        """Return the parameters that are not None."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A prompt for one model. Vendors receive `model` without the vendor prefix.

    Without a `reasoning_effort` it is the vendor's own, or that of the settings. `keyed` are models
    that only a key of the caller's own may pay for. `tools` are functions that the model may call,
    unless it `must_answer` now. Of several `candidates` a vendor may write fewer. All attempts at
    one text have the same `id`.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    sampling: Sampling = field(default_factory=Sampling)
    reasoning_effort: str | None = None
    cache_key: str | None = None
    keyed: frozenset[str] = frozenset()
    tools: tuple[ToolSpec, ...] = ()
    must_answer: bool = False
    candidates: int = 1
    id: UUID = field(default_factory=uuid4, compare=False, repr=False)

    def to(self, model: str) -> Self:
        """Return the same request for another model."""
        return replace(self, model=model)


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens: uncached input, cached input, output."""

    fresh: float
    cached: float
    written: float


@dataclass(frozen=True, kw_only=True)
class ListedModel:
    """What a vendor's list says of a model; None is unknown.

    `sees` is whether it reads pictures.
    """

    shutdown_date: str | None = None
    price: Price | None = None
    context_tokens: int | None = None
    sees: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one call. `tokens_cached` is the cached part of `tokens_in`.

    `cost_usd` is set by the vendor if it reports the cost, otherwise by the ledger.
    """

    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, kw_only=True)
class Completion:
    """The answer of a model. `model` is its full name, `vendor/model`.

    `is_cut` is set if the answer hit the token limit or `is_stopped` by whoever follows it,
    `is_free_substitute` if a free model answered because a budget is spent. With `calls`, the model
    waits for the results of functions; `native` is that turn as its vendor wants it back.
    `alternatives` are the other candidates for the text. `request_id` is that of the request.
    """

    text: str
    model: str
    usage: Usage
    is_cut: bool = False
    is_stopped: bool = False
    is_free_substitute: bool = False
    calls: tuple[ToolCall, ...] = ()
    native: NativeTurn | None = None
    alternatives: tuple[str, ...] = ()
    request_id: UUID | None = field(default=None, compare=False)

    @property
    def candidates(self) -> tuple[str, ...]:
        """Return the text and its alternatives."""
        return (self.text, *self.alternatives)


@dataclass(frozen=True, kw_only=True)
class Parsed(Completion, Generic[T]):
    """An answer that is also parsed into the requested schema."""

    value: T
