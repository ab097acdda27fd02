"""Better models for the playground: an Ollama that is found, and a key that is pasted."""

import asyncio
from pathlib import Path

import pytest

from bot.app.settings import Settings
from bot.playground.better_models import (
    KeyRefused,
    find_ollama,
    keep_key,
    with_ollama,
    write_setting,
)
from tests.vendors.openai import OpenAIStandIn


async def found(address: str) -> str | None:
    return await asyncio.to_thread(find_ollama, address)


async def test_the_first_model_that_chats_is_taken() -> None:
    openai = OpenAIStandIn()
    async with openai.running():
        openai.models = [{"id": "nomic-embed-text:latest"}, {"id": "llama3.3:8b"}]
        first = await found(openai.url)
        openai.models = [{"id": "bge-m3"}]
        none = await found(openai.url)

    gone = await found(openai.url)

    assert (first, none, gone) == ("llama3.3:8b", None, None)


async def test_what_is_configured_is_not_looked_for() -> None:
    settings = Settings(ollama_base_url="http://127.0.0.1:1/v1", ollama_model="mine")

    assert with_ollama(settings) is settings


async def test_a_key_is_checked_before_it_is_kept(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("LOG_LEVEL=INFO\n# OPENAI_API_KEY=\nOPENAI_API_KEY=old\n")
    file.chmod(0o640)
    openai = OpenAIStandIn()
    openai.refused_keys = {"sk-refused-key"}
    async with openai.running():
        settings = Settings(openai_base_url=openai.url)
        with pytest.raises(KeyRefused, match="OpenAI does not accept this key"):
            await keep_key(settings, "openai", "sk-refused-key", file)
        with pytest.raises(KeyRefused, match="paste it whole"):
            await keep_key(settings, "openai", "sk-a key\nDISCORD_TOKEN=x", file)
        with pytest.raises(KeyRefused, match="paste it whole"):
            await keep_key(settings, "replicate", "r8-something", file)
        assert "old" in file.read_text()

        await keep_key(settings, "openai", "sk-a-new-key", file)
    with pytest.raises(KeyRefused, match="OpenAI does not answer"):
        await keep_key(settings, "openai", "sk-another-key", file)

    assert file.read_text() == "LOG_LEVEL=INFO\n# OPENAI_API_KEY=\nOPENAI_API_KEY=sk-a-new-key\n"
    assert file.stat().st_mode & 0o777 == 0o640


def test_only_its_owner_reads_a_new_file_of_settings(tmp_path: Path) -> None:
    write_setting(tmp_path / ".env", "OPENAI_API_KEY", "sk-1")

    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
