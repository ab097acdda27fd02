"""LLM configs: global ones, users' own, and which one is used where."""

from db.models import LlmConfig
from services.llm_configs.errors import (
    ConfigNameTaken,
    ConfigNotFound,
    DefaultConfigInUse,
    NoConfig,
    NoVisionModel,
    OutOfRange,
    UnknownParameter,
)
from services.llm_configs.queries import vision_model
from services.llm_configs.service import (
    PARAMETERS,
    SAMPLING,
    ConfigInput,
    LlmConfigService,
    SavedConfig,
)

__all__ = [
    "PARAMETERS",
    "SAMPLING",
    "ConfigInput",
    "ConfigNameTaken",
    "ConfigNotFound",
    "DefaultConfigInUse",
    "LlmConfig",
    "LlmConfigService",
    "NoConfig",
    "NoVisionModel",
    "OutOfRange",
    "SavedConfig",
    "UnknownParameter",
    "vision_model",
]
