"""The registry of vendors of language models.

A vendor whose API is shaped like OpenAI's is an entry here and three fields of the settings:
`{NAME}_API_KEY`, `{NAME}_BASE_URL` and `{NAME}_MODEL`. Its concurrency group, its prices and the
config that a new database begins with derive from the entry. A vendor with an SDK of its own has a
module as well, such as `gemini`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.llm.types import Price


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a vendor differs from OpenAI. `extra` maps our parameters to fields of the body."""

    max_tokens: str = "max_tokens"
    extra: tuple[tuple[str, str], ...] = ()
    cache_key: bool = False
    reasoning_effort: str | None = None
    context_tokens: int = 32_000
    writes_candidates: bool = False

    @property
    def unsupported(self) -> frozenset[str]:
        """Return the sampling parameters that this dialect has no field for."""
        return frozenset({"top_k", "repetition_penalty"} - {name for name, _ in self.extra})


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A vendor. `dialect` is None for one with an adapter of its own.

    `takes_keys` lets users bring keys of it, which begin with `key_prefix`; `key_path` is what can
    only be read with a valid key, below the address, if that is not the list of models.
    `concurrency` is how many background jobs call it at once, over all processes. `prices` are US
    dollars per million tokens, by model. `config` is the config seeded for it, in the order of the
    registry: the first vendor that is configured becomes the default. `calls_tools` is whether its
    models may call functions; those that refuse are asked without.
    """

    name: str
    label: str
    concurrency: int = 4
    dialect: Dialect | None = None
    context_tokens: int = 32_000
    writes_candidates: bool = False
    unsupported: frozenset[str] = frozenset()
    takes_keys: bool = False
    key_prefix: str = ""
    key_path: str | None = None
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    config: Mapping[str, Any] = field(default_factory=lambda: {"temperature": 0.9})
    calls_tools: bool = True


CUSTOM = "custom"
_EVERY_PARAMETER = (("top_k", "top_k"), ("repetition_penalty", "repetition_penalty"))

_REGISTERED = (
    Vendor(
        name="openai",
        label="OpenAI",
        takes_keys=True,
        key_prefix="sk-",
        dialect=Dialect(max_tokens="max_completion_tokens", cache_key=True, context_tokens=128_000),
        # From the price page on 2026-11-21.
        prices={"gpt-6-luna": Price(0.10, 0.01, 0.50)},
        config={"vision_model": "openai/default", "temperature": 0.9},
    ),
    Vendor(
        name="openrouter",
        label="OpenRouter",
        takes_keys=True,
        key_prefix="sk-or-",
        key_path="key",
        dialect=Dialect(extra=_EVERY_PARAMETER),
        # It charges what the vendors do, and says with each answer what it cost.
        prices={"openai/gpt-6-luna": Price(0.10, 0.01, 0.50)},
    ),
    Vendor(
        name="gemini",
        label="Gemini",
        context_tokens=200_000,
        unsupported=frozenset({"repetition_penalty"}),
        takes_keys=True,
        key_prefix="AI",
        # Assumed: what was published of gemini-3.5-flash in May 2026, with no rate for its cache.
        prices={"gemini-3.8-flash": Price(1.50, 1.50, 9.00)},
        config={"vision_model": "gemini/default", "temperature": 0.9},
    ),
    Vendor(
        name="compatible",
        label="Compatible",
        concurrency=2,
        dialect=Dialect(extra=_EVERY_PARAMETER),
    ),
    # Whatever a user has a key of, at an address that the operator allows.
    Vendor(
        name=CUSTOM,
        label="another address",
        dialect=Dialect(extra=_EVERY_PARAMETER),
        takes_keys=True,
    ),
    Vendor(name="ollama", label="Ollama", concurrency=1, dialect=Dialect(context_tokens=4096)),
    Vendor(
        name="local",
        label="Local",
        concurrency=1,
        calls_tools=False,  # small ones call them at random
        config={
            "temperature": 0.5,
            "top_p": 0.9,
            "repetition_penalty": 1.1,
            "max_tokens": 80,
            "memory_limit": 2,
        },
    ),
)

VENDORS: Mapping[str, Vendor] = {vendor.name: vendor for vendor in _REGISTERED}

# The setting `MODEL_PRICES` extends and overrides these.
PRICES: Mapping[str, Price] = {
    f"{vendor.name}/{model}": price
    for vendor in _REGISTERED
    for model, price in vendor.prices.items()
}
