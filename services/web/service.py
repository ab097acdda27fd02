"""The one place that calls search providers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from db.models import CallOutcome
from services.access import Caller
from services.llm import Ledger, ModelMisconfigured, ModelProblem, Usage
from services.web.ports import SearchProvider, SearchResult

_PURPOSE: Final = "web search"


class WebSearch:
    """Searches the web, if a provider is configured; `price_usd` is the price of a search."""

    def __init__(
        self, ledger: Ledger, provider: SearchProvider | None = None, *, price_usd: float = 0
    ) -> None:
        self._ledger = ledger
        self._provider = provider
        self._price = Usage(cost_usd=price_usd)

    @property
    def is_configured(self) -> bool:
        """Whether there is a provider."""
        return self._provider is not None

    async def search(self, query: str, *, caller: Caller) -> Sequence[SearchResult]:
        """Return what was found, the best first.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            ModelError: The provider did not answer, or there is none.
        """
        if self._provider is None:
            raise ModelMisconfigured("search", ModelProblem.NO_SUCH_VENDOR)
        async with self._ledger.call(
            f"{self._provider.name}/search",
            replace(caller, purpose=_PURPOSE),
            at_most=self._price,
            expected=self._price,
        ) as call:
            results = await self._provider.search(query)
            call.outcome, call.usage = CallOutcome.OK, self._price
        return results

    async def close(self) -> None:
        """Close connections."""
        if self._provider is not None:
            await self._provider.close()
