"""Language models: one vendor a module, one service in front of them."""

from services.llm.courier import Courier, courier
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
from services.llm.ledger import Ledger, Spent
from services.llm.ports import TextModel
from services.llm.prices import PRICES, Price, dear_cost
from services.llm.service import LanguageModels, Vendor
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
    "Caller",
    "ChatMessage",
    "Completion",
    "ContextTooLong",
    "Courier",
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
    "Spent",
    "TextModel",
    "Usage",
    "Vendor",
    "courier",
    "dear_cost",
    "estimate",
    "fitting",
]
