"""Requests to language models, and their answers."""

from dataclasses import dataclass, field, replace
from typing import Generic, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)
MessageRole: TypeAlias = Literal["system", "user", "assistant"]


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image for a vision model, already validated and of a size that vendors accept."""

    media_type: str
    data: bytes


@dataclass(frozen=True)
class ChatMessage:
    """One message of a prompt."""

    role: MessageRole
    content: str
    images: tuple[Image, ...] = ()


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
    that only a key of the caller's own may pay for.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    sampling: Sampling = field(default_factory=Sampling)
    reasoning_effort: str | None = None
    cache_key: str | None = None
    keyed: frozenset[str] = frozenset()

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
    `is_free_substitute` if a free model answered because a budget is spent.
    """

    text: str
    model: str
    usage: Usage
    is_cut: bool = False
    is_stopped: bool = False
    is_free_substitute: bool = False


@dataclass(frozen=True, kw_only=True)
class Parsed(Completion, Generic[T]):
    """An answer that is also parsed into the requested schema."""

    value: T
