"""Language models: one module per vendor, and the service that calls them."""

from services.access import Caller
from services.background_calls import BackgroundCalls, background_calls
from services.llm.answers import read as read_path
from services.llm.answers import read_error
from services.llm.catalog import ModelCatalog, ModelChoice
from services.llm.errors import (
    ContextTooLong,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelOverloaded,
    ModelProblem,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    ReasoningOnly,
)
from services.llm.ledger import MODEL_RULES, Ledger
from services.llm.ports import OwnKey, OwnKeys, TextListener, TextModel
from services.llm.prices import maximum_cost
from services.llm.request_log import LoggedCall, RequestLog
from services.llm.service import ConfiguredVendor, LanguageModels
from services.llm.tokens import describe_tool, estimate, fitting_length
from services.llm.types import (
    ChatMessage,
    Completion,
    Image,
    ListedModel,
    MessageRole,
    NativeTurn,
    Parsed,
    Price,
    Request,
    Sampling,
    ToolCall,
    ToolSpec,
    Usage,
)
from services.llm.usage import DailyUsage, UsageReport, UsageRow, UsageService
from services.llm.vendors import CUSTOM, PRICES, VENDORS, Dialect, Vendor

__all__ = [
    "CUSTOM",
    "MODEL_RULES",
    "PRICES",
    "VENDORS",
    "BackgroundCalls",
    "Caller",
    "ChatMessage",
    "Completion",
    "ConfiguredVendor",
    "ContextTooLong",
    "DailyUsage",
    "Dialect",
    "Image",
    "LanguageModels",
    "Ledger",
    "ListedModel",
    "LoggedCall",
    "MalformedAnswer",
    "MessageRole",
    "ModelCatalog",
    "ModelChoice",
    "ModelError",
    "ModelMisconfigured",
    "ModelOverloaded",
    "ModelProblem",
    "ModelRateLimited",
    "ModelRefused",
    "ModelUnavailable",
    "NativeTurn",
    "OwnKey",
    "OwnKeys",
    "Parsed",
    "Price",
    "ReasoningOnly",
    "Request",
    "RequestLog",
    "Sampling",
    "TextListener",
    "TextModel",
    "ToolCall",
    "ToolSpec",
    "Usage",
    "UsageReport",
    "UsageRow",
    "UsageService",
    "Vendor",
    "background_calls",
    "describe_tool",
    "estimate",
    "fitting_length",
    "maximum_cost",
    "read_error",
    "read_path",
]
