"""How language models are asked: global configs, users' own, and who has chosen what."""

from db.models import LlmConfig
from services.llm_configs.errors import (
    ConfigNameTaken,
    ConfigNotFound,
    DefaultConfigInUse,
    NoConfig,
    NoEyes,
    OutOfRange,
    UnknownParameter,
)
from services.llm_configs.queries import seeing_model
from services.llm_configs.service import (
    PARAMETERS,
    SAMPLING,
    ConfigDraft,
    LlmConfigService,
    SavedConfig,
)

__all__ = [
    "PARAMETERS",
    "SAMPLING",
    "ConfigDraft",
    "ConfigNameTaken",
    "ConfigNotFound",
    "DefaultConfigInUse",
    "LlmConfig",
    "LlmConfigService",
    "NoConfig",
    "NoEyes",
    "OutOfRange",
    "SavedConfig",
    "UnknownParameter",
    "seeing_model",
]
