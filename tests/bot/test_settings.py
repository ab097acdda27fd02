"""A wrong or missing setting ends the start with one line that names it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app.settings import Settings, SettingsError, misspelled_variables
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the machine's and no .env gets in."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.load()

    assert settings.discord_token is None
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("OWNER_IDS", "1,two"),
        ("DATABASE_URL", "mysql://x"),
        ("MODEL_DEADLINE_SECONDS", "-1"),
        ("MODEL_PRICES", "{"),
        ("COMPATIBLE_CONTEXT_TOKENS", "12"),
        ("MEMORY_MODEL", "of"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=rf"^{name}: [^\n]+$"):
        Settings.load()


def test_what_looks_like_a_variable_and_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKN=abc\nLOG_LEVEL=INFO\nEDITOR=vi\n")

    assert misspelled_variables() == [".env: DISCORD_TOKN is no setting; is DISCORD_TOKEN meant?"]


def test_a_server_of_models_needs_the_name_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://localhost:11434/v1")

    with pytest.raises(SettingsError, match=r"^OLLAMA_MODEL: "):
        Settings.load()


def test_any_address_of_postgresql_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://me:secret@host/troupe")

    assert Settings.load().database_url == "postgres://me:secret@host/troupe"


def test_secrets_are_in_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.model_fields.items():
        if "SecretStr" in str(field.annotation):
            monkeypatch.setenv(name.upper(), "hush-hush-hush-hush-hush-hush-hush")
    monkeypatch.setenv("DATABASE_URL", "postgresql://troupe:hush-hush@db.example/troupe")

    settings = Settings.load()

    assert "hush" not in repr(settings)
    assert settings.database_url is not None
    assert "hush-hush" in settings.database_url


def test_ids_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_IDS", "1, 2,")

    assert Settings.load().owner_ids == {1, 2}


def test_the_example_names_every_variable() -> None:
    example = (ROOT / ".env.example").read_text()

    named = re.findall(r"^#?([A-Z0-9_]+)=", example, re.MULTILINE)

    compose = (ROOT / "compose.yaml").read_text()
    of_compose = set(re.findall(r"\$\{([A-Z0-9_]+)", compose))
    assert of_compose == {"POSTGRES_PASSWORD"}
    assert sorted(named) == sorted({*of_compose, *map(str.upper, Settings.model_fields)})


def test_every_variable_is_documented() -> None:
    documentation = (ROOT / "docs" / "settings.md").read_text()

    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", documentation, re.MULTILINE)

    assert len(rows) == len(set(rows))
    assert {name.upper() for name in Settings.model_fields} <= set(rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing"),
        ("DATA_DIR", "/proc/nowhere"),
    ],
)
def test_a_wrong_start_says_one_line_and_no_more(tmp_path: Path, variable: str, value: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bot", "db", "upgrade"],
        env={**os.environ, variable: value, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 2
    assert re.fullmatch(rf"troupe: {variable}: .*\n", run.stderr)
