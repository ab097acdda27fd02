"""The text of a memory of an exchange: who spoke and what, and behind it who answered and what."""

import re
from dataclasses import dataclass

_MAX_SAID = 1500  # characters
_LABEL = re.compile(r"[^:\n]{1,80}: ")


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What somebody said to a personality, and what it answered."""

    speaker: str
    message: str
    answer: str


def write_exchange(speaker: str, message: str, personality: str, answer: str) -> str:
    """Return the text of the memory of an exchange."""
    return f"{speaker}: {message[:_MAX_SAID]}\n{personality}: {answer[:_MAX_SAID]}"


def read_exchange(content: str, personality: str) -> Exchange | None:
    """Return the exchange of a memory's text, or None if it is no exchange.

    The answer begins where the personality is named for the last time, for whoever writes to it
    can write its name, too.
    """
    label = _LABEL.match(content)
    if label is None:
        return None
    message, separator, answer = content[label.end() :].rpartition(f"\n{personality}: ")
    if not separator:  # it had another name then
        labels = list(re.finditer(rf"\n{_LABEL.pattern}", content))
        if not labels:
            return Exchange(speaker=label[0][:-2], message=content[label.end() :], answer="")
        message = content[label.end() : labels[-1].start()]
        answer = content[labels[-1].end() :]
    return Exchange(speaker=label[0][:-2], message=message, answer=answer)
