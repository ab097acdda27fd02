"""Logs as a program reads them."""

import json
import logging
import logging.config
import sys
from typing import Any

import pytest

from bot.app.logs import (
    INTERACTION,
    InteractionFilter,
    JsonFormatter,
    RedactingFormatter,
    configure,
)


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("troupe").makeRecord(
        "troupe", logging.INFO, __file__, 1, message, args, None, extra=extra
    )


def test_a_line_of_json_has_the_event_its_ids_and_durations() -> None:
    line = record("Job %s ended", 7, job_id=7, duration_ms=12.5)
    token = INTERACTION.set(42)
    InteractionFilter().filter(line)
    INTERACTION.reset(token)

    fields = json.loads(JsonFormatter().format(line))

    assert fields.pop("time").endswith("+00:00")
    assert fields == {
        "level": "INFO",
        "logger": "troupe",
        "event": "Job %s ended",
        "message": "Job 7 ended",
        "interaction": 42,
        "job_id": 7,
        "duration_ms": 12.5,
    }


def test_an_exception_stays_on_one_line() -> None:
    line = record("Failed")
    try:
        int("no number")
    except ValueError:
        line.exc_info = sys.exc_info()

    text = JsonFormatter().format(line)

    assert "\n" not in text
    assert "ValueError: invalid literal" in json.loads(text)["exception"]


SECRETS = [
    "https://discord.com/api/v10/webhooks/123/aBcD-efGhIjKlMnOpQrStUv_wxyz returned 200",
    "POST /interactions/123/aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEy/callback",
    '{"op": 2, "d": {"token": "MTIzNDU2Nzg5MDEyMzQ1Njc4.abcdef.ghijklmnop"}}',
    "Authorization: Bot MTIzNDU2Nzg5MDEyMzQ1Njc4.abcdef.ghijklmnop",
    "invalid input for query argument $10: '@Bex my secret' (bad)",
    "DETAIL:  Key (content)=(my secret) already exists.",
]


@pytest.mark.parametrize("text", SECRETS)
def test_no_token_and_no_words_of_people_are_in_a_log(text: str) -> None:
    for formatter in (RedactingFormatter("%(message)s"), JsonFormatter()):
        line = formatter.format(record(text))

        assert "…" in line
        for secret in ("aBcD", "aW50", "MTIz", "my secret"):
            assert secret not in line


def test_libraries_are_never_at_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    configured: list[dict[str, Any]] = []
    monkeypatch.setattr(logging.config, "dictConfig", configured.append)

    configure("DEBUG")

    levels = {name: each["level"] for name, each in configured[0]["loggers"].items()}
    assert levels["discord"] == "INFO"
    assert "DEBUG" not in levels.values()
