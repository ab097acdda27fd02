"""Prompt templates, one file per kind of act."""

from functools import cache
from importlib.resources import files


@cache
def load_template(name: str) -> str:
    """Return a prompt template, with fields in braces."""
    return (files(__name__) / f"{name}.txt").read_text("utf-8").strip()
