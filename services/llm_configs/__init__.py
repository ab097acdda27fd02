"""How language models are asked: global configs, users' own, and who has chosen what."""

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
from services.llm_configs.queries import seeing_model
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
    "seeing_model",
]
