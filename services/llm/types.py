"""What is asked of a language model, and what comes back."""

from dataclasses import dataclass, field, replace
from typing import Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture for a vision model, already checked and of a size that vendors take."""

    media_type: str
    data: bytes


@dataclass(frozen=True)
class ChatMessage:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a model draws its words; None leaves a parameter to the vendor."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    max_tokens: int | None = None

    def given(self) -> dict[str, float | int]:
        """Return only what was set."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A prompt for one model. Vendors get its `model` without their own name before it."""

    model: str
    messages: tuple[ChatMessage, ...]
    sampling: Sampling = field(default_factory=Sampling)
    cache_key: str | None = None

    def to(self, model: str) -> Self:
        """Return the same request to another model."""
        return replace(self, model=model)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one call. `tokens_cached` are the part of `tokens_in` that the vendor had cached.

    `cost_usd` is set where the vendor itself said what the call cost.
    """

    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, kw_only=True)
class Completion:
    """What a model answered. `model` is the full name, `vendor/model`, of the one that did.

    `is_cut` where there was no room for the rest of it.
    """

    text: str
    model: str
    usage: Usage
    is_cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Parsed(Completion, Generic[T]):
    """An answer that is also a value of the shape that was asked for."""

    value: T


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What a call is for and who is behind it, for the ledger."""

    purpose: str
    user_id: UUID | None = None
    personality_id: UUID | None = None
    guild_id: int | None = None
