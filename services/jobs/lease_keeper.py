"""Renewal of leases while the event loop is held."""

import asyncio
import logging
import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from db.session import connect
from services import leases
from services.jobs import queries

log = logging.getLogger(__name__)

# A job and its attempt.
RunKey: TypeAlias = tuple[UUID, int]


class LeaseKeeper:
    """A thread that renews leases when the event loop is too late to do it.

    A handler that holds the loop would else cost its neighbours their leases, so that they ran
    again elsewhere. A loop that is held for more than `max_hold` seconds counts as hung: its leases
    expire. Renewals are fenced by the attempt, so that one that comes too late changes nothing.
    """

    def __init__(
        self,
        url: str,
        runs: Callable[[], Collection[RunKey]],
        on_renewed: Callable[[Collection[RunKey], float], None],
        *,
        lease: float,
        max_hold: float,
    ) -> None:
        self._url = url
        self._runs = runs
        self._on_renewed = on_renewed
        self._lease = lease
        self._max_hold = max_hold
        self._beat_at = leases.now()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end; it is not waited for."""
        self._stopped.set()

    def beat(self) -> None:
        """Note that the event loop is alive."""
        self._beat_at = leases.now()

    def _keep(self) -> None:
        while not self._stopped.wait(self._lease / 5):
            late = leases.now() - self._beat_at
            runs = self._runs()
            if not runs or not self._lease / 2 < late < self._max_hold:
                continue
            log.warning("The event loop has been held for %.1f s", late)
            try:
                asyncio.run(self._renew(runs))
            except (OSError, SQLAlchemyError) as error:
                log.warning("Leases could not be renewed: %s", type(error).__name__)

    async def _renew(self, runs: Collection[RunKey]) -> None:
        asked_at = leases.now()
        async with connect(self._url, pool_size=1) as sessions, sessions.begin() as session:
            renewed = await queries.renew(session, runs, timedelta(seconds=self._lease))
        self._on_renewed(renewed, asked_at)
