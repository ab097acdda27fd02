"""How a personality answers: in which language, and by words or a reaction."""

import re
from dataclasses import dataclass

from services.personalities import SPEAKERS_LANGUAGE, Personality

_REACTING = """\
If a reaction says it better than words, write only REACT and one emoji, as in "REACT 😂". If \
nothing needs to be said, write only SILENT."""

_REACTION = re.compile(
    r"\W{0,3}REACT(?:ION)?[:\s]{1,3}(?P<emoji>[^\w\s\"'.,!?]{1,12})[\s\"'.!]{0,3}"
)
_SILENCE = re.compile(r"\W{0,3}SILENT\W{0,3}")


@dataclass(frozen=True)
class Reaction:
    """An answer without words: an emoji, or "" for none."""

    emoji: str


def render_answer_style(personality: Personality, *, may_react: bool) -> str:
    """Return in which language and by what means a personality answers."""
    lines: list[str] = []
    if personality.language == SPEAKERS_LANGUAGE:
        lines.append("Write in the language in which you are spoken to.")
    elif personality.language:
        lines.append(f"Write in {personality.language}, whatever language others use.")
    if may_react:
        lines.append(_REACTING)
    return " ".join(lines)


def read_reaction(text: str) -> Reaction | None:
    """Return the reaction that an answer is, or None if it is words."""
    if _SILENCE.fullmatch(text):
        return Reaction("")
    match = _REACTION.fullmatch(text)
    return Reaction(match["emoji"]) if match else None


def reaction_text(emoji: str) -> str:
    """Return how a reaction stands in the history: as a model writes it."""
    return f"REACT {emoji}"
