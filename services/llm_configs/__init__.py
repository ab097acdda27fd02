"""LLM configs: global ones, users' own, and which one is used where."""

from db.models import REASONING_EFFORTS, LlmConfig
from services.llm_configs.errors import (
    ConfigNameTaken,
    ConfigNotFound,
    DefaultConfigInUse,
    EffortUnknown,
    ModelLimitOutOfRange,
    ModelNotAllowed,
    ModelUnpriced,
    NoConfig,
    NoModelAllowed,
    NoVisionModel,
    OutOfRange,
    UnknownParameter,
)
from services.llm_configs.models import (
    LIMITS,
    ModelService,
    OfferedModel,
    UsableConfig,
    follow_rules,
    restrict,
    rule_prices,
)
from services.llm_configs.queries import vision_model
from services.llm_configs.service import (
    DESCRIPTION_LENGTH,
    PARAMETERS,
    SAMPLING,
    ConfigInput,
    LlmConfigService,
    SavedConfig,
)

__all__ = [
    "DESCRIPTION_LENGTH",
    "LIMITS",
    "PARAMETERS",
    "REASONING_EFFORTS",
    "SAMPLING",
    "ConfigInput",
    "ConfigNameTaken",
    "ConfigNotFound",
    "DefaultConfigInUse",
    "EffortUnknown",
    "LlmConfig",
    "LlmConfigService",
    "ModelLimitOutOfRange",
    "ModelNotAllowed",
    "ModelService",
    "ModelUnpriced",
    "NoConfig",
    "NoModelAllowed",
    "NoVisionModel",
    "OfferedModel",
    "OutOfRange",
    "SavedConfig",
    "UnknownParameter",
    "UsableConfig",
    "follow_rules",
    "restrict",
    "rule_prices",
    "vision_model",
]
