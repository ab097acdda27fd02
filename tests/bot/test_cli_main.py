"""`troupe run`, its shards, and `troupe simulate`."""

from pathlib import Path

import pytest

from bot.app import logs
from services.media import DARK, LIGHT
from tests.bot.command_line import troupe
from tests.fakes import configure_nothing


@pytest.fixture(autouse=True)
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    # It would go on writing to what the runner of commands takes away at the end.
    monkeypatch.setattr(logs, "configure", configure_nothing)


def test_a_database_without_a_token_starts_no_playground(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://troupe@localhost/troupe")

    code, output = troupe("run")

    assert code == 2
    assert output.startswith("troupe: DISCORD_TOKEN: set it")


@pytest.mark.parametrize("shards", ["8/8", "3-1", "0-8/8", "first", "-1", ""])
def test_shards_that_do_not_exist_are_refused_before_anything_starts(
    database_url: str, monkeypatch: pytest.MonkeyPatch, shards: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DISCORD_TOKEN", "x")

    code, output = troupe("run", f"--shards={shards}")

    assert (code, output) == (2, "troupe: --shards: write which of how many, like 0-3/8\n")


def test_a_simulation_of_too_few_days_says_so() -> None:
    _, day = troupe("simulate", "--days", "1", "--personalities", "3")
    _, days = troupe("simulate", "--days", "8")

    assert "Too few days: nobody did 20 acts." in day
    assert "of 12 personalities; the others did fewer than 20 acts." in days


def test_a_report_is_one_page_with_figures_and_plots_in_words(tmp_path: Path) -> None:
    dark, light = tmp_path / "dark.html", tmp_path / "light.html"

    _, output = troupe("simulate", "--days", "20", "--report", str(dark))
    troupe("simulate", "--days", "1", "--report", str(light), "--light")

    page = dark.read_text("utf-8")
    assert output.endswith(f"The report is in {dark}\n")
    assert page.count('src="data:image/png;base64,') == 3
    assert 'alt="When the most active of them acts: ' in page
    assert "<td>burstiness</td>" in page
    assert DARK.panel in page
    assert LIGHT.panel in light.read_text("utf-8")
