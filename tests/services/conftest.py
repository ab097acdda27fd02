"""What tests of several services begin with."""

import pytest

from db.session import Sessions
from services.llm import LanguageModels
from services.painters import Studio
from tests.services.drawing import (
    Drawing,
    seen,
)
from tests.vendors.openai import OpenAIStandIn


@pytest.fixture
def drawing(
    sessions: Sessions, models: LanguageModels, studio: Studio, openai: OpenAIStandIn
) -> Drawing:
    openai.answer = seen()
    return Drawing(sessions, models, studio)
