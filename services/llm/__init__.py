"""Language models: one vendor a module, one service in front of them."""

from services.background_calls import BackgroundCalls, background_calls
from services.llm.errors import (
    ContextTooLong,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.ledger import Ledger, UsageSummary
from services.llm.ports import TextModel
from services.llm.prices import PRICES, Price, dear_cost
from services.llm.service import ConfiguredVendor, LanguageModels
from services.llm.tokens import estimate, fitting
from services.llm.types import (
    Caller,
    ChatMessage,
    Completion,
    Image,
    Parsed,
    Request,
    Sampling,
    Usage,
)

__all__ = [
    "PRICES",
    "BackgroundCalls",
    "Caller",
    "ChatMessage",
    "Completion",
    "ConfiguredVendor",
    "ContextTooLong",
    "Image",
    "LanguageModels",
    "Ledger",
    "MalformedAnswer",
    "ModelError",
    "ModelMisconfigured",
    "ModelOverloaded",
    "ModelRateLimited",
    "ModelRefused",
    "ModelUnavailable",
    "Parsed",
    "Price",
    "Request",
    "Sampling",
    "TextModel",
    "Usage",
    "UsageSummary",
    "background_calls",
    "dear_cost",
    "estimate",
    "fitting",
]
