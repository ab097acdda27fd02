"""The handlers of jobs that memories need."""

from collections.abc import Sequence
from typing import Any

from db.session import Sessions
from services.jobs import Handler
from services.memory.filling import EmbedHandler, IndexHandler
from services.memory.incognito import IncognitoHandler
from services.memory.meaning import MeaningModel


def memory_handlers(sessions: Sessions, meaning: MeaningModel) -> Sequence[Handler[Any]]:
    """Return the handlers of the jobs of memories."""
    return (IndexHandler(sessions), EmbedHandler(sessions, meaning), IncognitoHandler(sessions))
