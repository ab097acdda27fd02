"""The models that can be chosen, as far as their vendors list them."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from services.llm.errors import ModelError
from services.llm.service import LanguageModels
from services.llm.types import ListedModel
from services.llm.vendors import PRICES

log = logging.getLogger(__name__)

# A list is asked for again after this long; whoever waits for it waits a moment only.
_MAX_AGE_SECONDS, _MAX_AGE_FAILED_SECONDS, _TIMEOUT_SECONDS = 600.0, 60.0, 1.5
# Parts of names of models that do not write text.
_OTHER_KINDS = (
    *("audio", "dall-e", "embed", "image", "imagen", "moderation", "realtime", "sora"),
    *("speech", "transcribe", "tts", "veo", "whisper"),
)


@dataclass(frozen=True)
class ModelChoice:
    """A model as `vendor/model`, and its label; `vendor/default` is that of the settings."""

    name: str
    label: str


class ModelCatalog:
    """Lists the models of the configured vendors, and remembers the lists for some minutes."""

    def __init__(self, models: LanguageModels) -> None:
        self._models = models
        self._listed: dict[str, tuple[float, Mapping[str, ListedModel]]] = {}

    async def search(self, typed: str = "", *, limit: int = 25) -> list[ModelChoice]:
        """Return models whose name contains what was typed.

        Defaults of the vendors come first, then models whose price is known, then the others. A
        vendor that does not answer at once has its default only.
        """
        vendors = sorted(self._models.vendors)
        lists = await asyncio.gather(*map(self._list, vendors))
        listed = sorted(
            (name for names in lists for name in names), key=lambda name: (name not in PRICES, name)
        )
        wanted = typed.strip().lower()
        choices = [*self.defaults(), *(ModelChoice(name, name) for name in listed)]
        return [each for each in choices if wanted in each.label.lower()][:limit]

    def defaults(self) -> list[ModelChoice]:
        """Return the defaults of the configured vendors."""
        return [
            ModelChoice(name, f"{name} (now {self._models.resolve(name).partition('/')[2]})")
            for name in (f"{vendor}/default" for vendor in sorted(self._models.vendors))
        ]

    async def details(self, model: str) -> ListedModel:
        """Return what the list of its vendor says of a model, `vendor/model`."""
        listed = await self._list(model.partition("/")[0])
        return listed.get(model, ListedModel())

    async def _list(self, vendor: str) -> Mapping[str, ListedModel]:
        expires_at, known = self._listed.get(vendor, (0.0, {}))
        if time.monotonic() < expires_at:
            return known
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                models = await self._models.models(vendor)
        except (ModelError, TimeoutError) as error:
            log.info("%s lists no models now: %r", vendor, error)
            self._listed[vendor] = (time.monotonic() + _MAX_AGE_FAILED_SECONDS, known)
            return known
        listed = {
            f"{vendor}/{name}": details
            for name, details in models.items()
            if not any(kind in name.lower() for kind in _OTHER_KINDS)
        }
        self._listed[vendor] = (time.monotonic() + _MAX_AGE_SECONDS, listed)
        return listed
