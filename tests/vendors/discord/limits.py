"""Discord's rate limits, as its users report them, and its documented headers about them."""

import time
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

# How many requests in how many seconds: of a webhook, webhooks' messages in a channel, and the
# bot's own messages and edits in a channel.
_WEBHOOK, _CHANNEL, _BOT = (5, 2.0), (30, 60.0), (5, 5.0)


@dataclass
class Bucket:
    """How many requests a limit still allows."""

    count: int
    seconds: float
    taken_at: deque[float] = field(default_factory=deque[float])

    def take(self) -> tuple[int, float]:
        """Count a request; return how many are left, or -1 if it is one too many, and the wait."""
        now = time.monotonic()
        while self.taken_at and now - self.taken_at[0] > self.seconds:
            self.taken_at.popleft()
        wait = self.seconds - (now - self.taken_at[0]) if self.taken_at else self.seconds
        if len(self.taken_at) >= self.count:
            return -1, wait
        self.taken_at.append(now)
        return self.count - len(self.taken_at), wait


@dataclass
class Limits:
    """The limits of one Discord."""

    buckets: dict[str, Bucket] = field(default_factory=dict[str, Bucket])

    def count(
        self, method: str, path: list[str], webhook_channel: int | None
    ) -> tuple[dict[str, str], web.Response | None]:
        """Count a request; return its headers about what is left, and its refusal, if it is one."""
        names: dict[str, tuple[int, float]] = {}
        if path[0] == "webhooks":
            names[f"webhook{path[1]}"] = _WEBHOOK
            if method == "POST":
                names[f"sends{webhook_channel}"] = _CHANNEL
        elif path[::2][:2] == ["channels", "messages"] and method in ("POST", "PATCH"):
            names[f"bot{path[1]}"] = _BOT
        headers: dict[str, str] = {}
        for name, (count, seconds) in names.items():
            left, wait = self.buckets.setdefault(name, Bucket(count, seconds)).take()
            if left < 0:
                return {}, _refusal(wait)
            headers = headers or {
                "X-RateLimit-Limit": str(count),
                "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Reset-After": f"{wait:.3f}",
                "X-RateLimit-Bucket": name,
            }
        return headers, None


def _refusal(wait: float) -> web.Response:
    body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
    headers = {"Via": "1.1", "Retry-After": f"{wait:.3f}", "X-RateLimit-Scope": "user"}
    return web.json_response(body, status=429, headers=headers)
