"""Logs as a program reads them."""

import json
import logging
import sys

from bot.app.logs import INTERACTION, InteractionFilter, JsonFormatter


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
