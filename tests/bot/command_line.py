"""Typing commands of the console."""

import json
from typing import Any

from typer.testing import CliRunner

from bot.cli.main import app


def troupe(*words: str) -> tuple[int, str]:
    """Type a command; return how it ended and what it said."""
    result = CliRunner().invoke(app, [*words])
    assert "Traceback" not in result.output
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def run_json(*words: str) -> Any:
    """Type a command that answers in JSON."""
    code, output = troupe(*words, "--json")
    assert code == 0, output
    return json.loads(output)
