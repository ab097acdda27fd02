"""Better models than the bundled one: an Ollama on this machine, or a vendor with a key."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from bot.app.settings import Settings
from bot.app.vendors import vendor_opener
from services.llm import VENDORS, ModelError, ModelMisconfigured
from services.texts import shorten

OLLAMA: Final = "http://127.0.0.1:11434/v1"
_PROBE_SECONDS: Final = 0.5
_MAX_LIST_BYTES: Final = 1_000_000
_NO_CHAT: Final = re.compile(r"embed|bge|minilm|rerank|whisper", re.IGNORECASE)
# The vendors whose keys are taken on the page, and the settings that hold them.
KEYS: Final[Mapping[str, str]] = {
    "openai": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "gemini": "GEMINI_API_KEY",
}
_KEY: Final = re.compile(r"[\x21-\x7e]{8,400}")


class KeyRefused(Exception):
    """A pasted key cannot be used; its text says why."""


@dataclass(frozen=True)
class Restart:
    """The playground is to start again on the same port, with models of this vendor."""

    port: int
    vendor: str


def find_ollama(address: str = OLLAMA) -> str | None:
    """Return the first chat model of an Ollama at an address on this machine, if one answers."""
    try:
        with urlopen(f"{address}/models", timeout=_PROBE_SECONDS) as answer:  # noqa: S310 - ours
            listed: Any = json.loads(answer.read(_MAX_LIST_BYTES))
        names = [str(each["id"]) for each in listed["data"]]
    except (URLError, OSError, ValueError, KeyError, TypeError):
        return None
    return next((name for name in names if not _NO_CHAT.search(name)), None)


def with_ollama(settings: Settings, address: str = OLLAMA) -> Settings:
    """Return the settings with the Ollama that runs on this machine, unless one is configured."""
    if settings.ollama_base_url is not None or (model := find_ollama(address)) is None:
        return settings
    return settings.model_copy(update={"ollama_base_url": address, "ollama_model": model})


async def keep_key(settings: Settings, vendor: str, key: str, file: Path) -> None:
    """Check a key with its vendor, which costs nothing, and write it into a file of settings.

    Raises:
        KeyRefused: The vendor does not accept it or does not answer, or it is no key.
    """
    if vendor not in KEYS or not _KEY.fullmatch(key):
        raise KeyRefused("This is not a key: paste it whole, without spaces.")
    label = VENDORS[vendor].label
    texts = vendor_opener(settings)(vendor, key, None)
    try:
        await texts.check_key()
    except ModelMisconfigured as error:
        raise KeyRefused(f"{label} does not accept this key.") from error
    except ModelError as error:
        raise KeyRefused(f"{label} does not answer: {shorten(str(error), 200)}") from error
    finally:
        await texts.close()
    write_setting(file, KEYS[vendor], key)


def write_setting(file: Path, name: str, value: str) -> None:
    """Set a variable in a file of settings, atomically; only its owner may read a new file."""
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    others = [line for line in lines if not re.match(rf"\s*(?:export\s+)?{name}\s*=", line)]
    mode = file.stat().st_mode & 0o777 if file.is_file() else 0o600
    temporary = file.with_name(f"{file.name}.new")
    temporary.write_text("\n".join([*others, f"{name}={value}", ""]), "utf-8")
    temporary.chmod(mode)
    temporary.replace(file)
