"""The registry of vendors that hear and speak, beside this machine.

A vendor is an entry here and, if its API is not OpenAI's, an adapter beside this module and a line
in `bot/app/speech.py` that builds it.
"""

from collections.abc import Mapping
from typing import Final

# By the name before the slash: the setting without which it cannot be reached.
AUDIO_VENDORS: Final[Mapping[str, str]] = {
    "openai": "openai_api_key",
    "openrouter": "openrouter_api_key",
    "gemini": "gemini_api_key",
    "compatible": "compatible_base_url",
    "audio": "audio_base_url",
}
