"""What the model is told, one file an act."""

from functools import cache
from importlib.resources import files


@cache
def load_template(name: str) -> str:
    """Return the text of a prompt, with its fields in braces."""
    return (files(__name__) / f"{name}.txt").read_text("utf-8").strip()
