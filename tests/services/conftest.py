"""Fixtures that tests of several services share."""

from collections.abc import AsyncGenerator

import pytest

from db.session import Sessions
from services.images import ImagePipeline
from services.llm import LanguageModels
from services.media import FolderStore
from tests.services.character_support import (
    Drawing,
    seen,
)
from tests.services.posting_support import Posting, public
from tests.vendors.buffer import BufferStandIn
from tests.vendors.fetching import PublicFolder
from tests.vendors.openai import OpenAIStandIn


@pytest.fixture
def drawing(
    sessions: Sessions, models: LanguageModels, studio: ImagePipeline, openai: OpenAIStandIn
) -> Drawing:
    openai.answer = seen()
    return Drawing(sessions, models, studio)


@pytest.fixture
async def buffer() -> AsyncGenerator[BufferStandIn]:
    async with BufferStandIn().running() as stand_in:
        yield stand_in
    assert stand_in.complaints == []


@pytest.fixture
async def outside() -> AsyncGenerator[PublicFolder]:
    """A server of public files."""
    async with PublicFolder().running() as folder:
        yield folder


@pytest.fixture
def posting(
    sessions: Sessions, studio: ImagePipeline, buffer: BufferStandIn, outside: PublicFolder
) -> Posting:
    opened = public(studio, outside.url)
    assert isinstance(opened.store, FolderStore)
    outside.store = opened.store
    return Posting(sessions, opened, buffer_url=buffer.url)
