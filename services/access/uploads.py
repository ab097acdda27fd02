"""How many files a person may hand over in a minute."""

import time
from collections import deque
from collections.abc import Callable

from services.access.errors import TooManyUploads

_MINUTE = 60.0


class UploadLimiter:
    """Counts the uploads of each account within the last minute, in this process."""

    def __init__(
        self, per_minute: int = 10, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._times: dict[int, deque[float]] = {}

    def count(self, account_id: int) -> None:
        """Count an upload of an account.

        Raises:
            TooManyUploads: It has made as many within a minute as it may.
        """
        now = self._clock()
        times = self._times.pop(account_id, deque())
        # Whoever uploaded least recently is first, so that the old ones are found there.
        while self._times and (first := next(iter(self._times.items())))[1][-1] < now - _MINUTE:
            del self._times[first[0]]
        while times and times[0] < now - _MINUTE:
            times.popleft()
        if len(times) >= self._per_minute:
            self._times[account_id] = times
            raise TooManyUploads(self._per_minute, times[0] + _MINUTE - now)
        times.append(now)
        self._times[account_id] = times
