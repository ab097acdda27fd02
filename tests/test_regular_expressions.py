"""Every regular expression of the product takes time linear in the text that it is given.

Each is fed with texts made of its own parts, which make a quadratic one backtrack. A process of its
own measures, so that other tests do not disturb it.
"""

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from services.chat.postprocess import clean, trim_incomplete

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "cogs", "db", "services")
SCREEN, SIZES = 3_000, (25_000, 50_000, 100_000)
# Doubling the text costs at most this many times as much. What takes less than the floor for the
# short text is linear: a quadratic one takes 4 million steps for it.
MOST, FLOOR_SECONDS, ATTEMPTS = 2.6, 0.015, 5
# What patterns look for, and what they pass over before they do.
FILLERS = ("\n", " ", "\t", "a", "0", "*", "`", "<", "[", "(", ".", ":", "-", "_", "|", "'", "\\")


def patterns() -> dict[str, re.Pattern[str]]:
    """Return every pattern that a module of the product has compiled or writes in a call."""
    found: dict[str, re.Pattern[str]] = {}
    for room in ROOMS:
        package = importlib.import_module(room)
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            module = importlib.import_module(info.name)
            for value in vars(module).values():
                if isinstance(value, re.Pattern):
                    pattern = cast("re.Pattern[str]", value)
                    found.setdefault(str(pattern.pattern), pattern)
            source = Path(str(module.__file__)).read_text(encoding="utf-8")
            for call in ast.walk(ast.parse(source)):
                if (
                    isinstance(call, ast.Call)
                    and ast.unparse(call.func).startswith("re.")
                    and call.args
                    and isinstance(call.args[0], ast.Constant)
                ):
                    text = str(call.args[0].value)
                    found.setdefault(text, re.compile(text))
    return found


def literals(pattern: str) -> list[str]:
    """Return the runs of literal characters of a pattern."""
    plain = re.sub(r"\(\?(?:P<\w+>|[:=!<]+)|\\[wWsSdDbBAZ]|\{\d*,?\d*\}", " ", pattern)
    plain = re.sub(r"\\(.)", r"\1", plain)
    return list(dict.fromkeys(re.findall(r"[^\s()?*+\[\]^$]{1,12}", plain)))[:12]


def texts(pattern: str, size: int) -> Iterator[str]:
    """Yield texts of a size that make a pattern work: its literals and fillers, again and again."""
    words = literals(pattern)
    for unit in [*FILLERS, *words, *(f"{word} " for word in words)]:
        for end in ("", "\nb"):
            body = unit * (size // len(unit))
            yield body + end
    for word in words:
        for filler in ("\n", " ", "a"):
            yield word + filler * (size - len(word))
            yield (word + filler * 9) * (size // (len(word) + 9))


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measure(pattern: re.Pattern[str]) -> str | None:
    """Return the beginning of a text for which a pattern is not linear, or None."""
    sizes = (SCREEN, *SIZES)
    for short, *sized in zip(*(texts(pattern.pattern, size) for size in sizes), strict=True):
        works: tuple[Callable[[str], object], ...] = (pattern.search, partial(pattern.sub, ""))
        for work in works:
            if not is_linear(work, short, *sized):
                return f"{short[:40]!r}"
    return None


def is_linear(
    work: Callable[[str], object], short: str, small: str, middle: str, large: str
) -> bool:
    """Whether work on a text twice as long takes at most `MOST` times as long."""
    # A quadratic one would need more for the short text already.
    if min(seconds(lambda: work(short)) for _ in range(2)) < FLOOR_SECONDS:
        return True
    if seconds(lambda: work(small)) > MOST * (SIZES[0] / SCREEN) * seconds(lambda: work(short)):
        return False
    for _ in range(2):
        before, after = (
            min(seconds(lambda text=text: work(text)) for _ in range(ATTEMPTS))
            for text in (middle, large)
        )
        if after <= MOST * before:
            return True
    return False


def dynamic() -> dict[str, Callable[[str], object]]:
    """Return the functions whose patterns are made from names, and those that use several."""
    others = {"alice", "bob", "Dr. No (II)"}
    return {
        "clean": lambda text: clean(text, "Mirela", others),
        "clean alone": lambda text: clean(text, "Mirela"),
        "trim_incomplete": trim_incomplete,
    }


UNITS = (
    "\n",
    " ",
    "a\n",
    "alice:\n",
    "alice: x\n",
    "Mirela: ",
    "<think>",
    "</think>",
    "`",
    "```\n",
)


def main() -> None:
    """Print what is not linear as JSON."""
    slow: dict[str, str] = {}
    for text, pattern in patterns().items():
        if (guilty := measure(pattern)) is not None:
            slow[text] = guilty
    for name, work in dynamic().items():
        for unit in UNITS:
            sized = [f"a{unit * (size // len(unit))}b" for size in (SCREEN, *SIZES)]
            if not is_linear(work, *sized):
                slow[name] = repr(unit)
    sys.stdout.write(json.dumps(slow))


@pytest.mark.slow
def test_every_regular_expression_is_linear() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.test_regular_expressions"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )

    assert json.loads(done.stdout) == {}


def test_a_quadratic_one_is_seen() -> None:
    assert measure(re.compile(r"\n\s*alice:")) is not None
    assert measure(re.compile(r"\n[ \t]{0,8}alice:")) is None


if __name__ == "__main__":
    main()
