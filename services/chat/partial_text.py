"""What may be shown of an answer that is still being written.

Whatever the rest of the answer could change is held back: its last characters, a tag that is still
open, and what so far repeats something else.
"""

import re
from typing import Final

from services.chat.model_output import CODE, ends_reasoning
from services.chat.postprocess import Cleaner

# Of an answer that goes on: long enough for the name of another speaker whose turn begins there.
HELD_BACK: Final = 40
# The longest tags of `services.chat.model_output`, and the marks of `services.message_parts`.
_MAX_TAG, _MAX_MARK = 260, 2100
_OPEN_TAG = re.compile(r"[<\[◁⟦][^<>\[\]◁▷⟦⟧]*\Z")
_SENTENCE_END = re.compile(r"(?:[.!?…][\"'”’)*_]{0,8}(?=\s)|[。！？][”’」』)]{0,8}|\n)")
_CLAUSE_END = re.compile(r"(?:[,;:—–.!?…][\"'”’)*_]{0,8}(?=\s)|[、，；：。！？][”’」』)]{0,8}|\n)")
_MAX_WORD = 60
_MAX_RAW = 60_000  # characters, with what is not meant to be read
# A bare channel of gpt-oss: reasoning until `assistantfinal`.
_BARE_CHANNEL = "analysis"


def stable_text(raw: str, cleaner: Cleaner) -> str:
    """Return how much of what a model has written so far may be shown, cleaned; it may take long.

    Normally it is a beginning of the whole answer.
    """
    if raw.lstrip().startswith(_BARE_CHANNEL):
        return ""
    raw = raw[:_MAX_RAW]
    if cleaner.thinks_first and not ends_reasoning(raw):
        return ""
    stable = raw[: -max(HELD_BACK, *(len(name) + 8 for name in (cleaner.name, *cleaner.others)))]
    if (tag := _OPEN_TAG.search(stable)) and len(stable) - tag.start() <= (
        _MAX_MARK if tag[0][0] == "⟦" else _MAX_TAG
    ):
        stable = stable[: tag.start()]
    text, defect = cleaner.clean(stable, is_cut=False)
    # A beginning of the name may be the label before the answer.
    is_label = f"{cleaner.name}:".casefold().startswith(text.strip("*_[ ").casefold())
    if is_label or defect is not None or cleaner.repeats_so_far(text):
        return ""
    # The leak of a prompt is recognised by more text than is held back.
    if cleaner.leaks(raw):
        return ""
    return _closed(text.rstrip("`"))


def _closed(text: str) -> str:
    """Return a text without what is not closed yet and Discord would not hide or format.

    That is a spoiler, and a code block that does not begin a line: others are closed by `split`.
    """
    fence = text.rfind("```")
    if text.count("```") % 2 and text[fence - 1 : fence] not in ("", "\n"):
        text = text[:fence].rstrip()
    code = [match.span() for match in CODE.finditer(text)]
    bars = [
        match.start()
        for match in re.finditer(r"\|\|", text)
        if not any(start < match.start() < end for start, end in code)
    ]
    return text[: bars[-1]].rstrip() if len(bars) % 2 else text


def up_to_sentence(text: str, after: int) -> str:
    """Return a text up to the end of its last sentence after a position, or else of a word."""
    return _cut(text, after, _SENTENCE_END) or _cut_at_word(text, after)


def up_to_clause(text: str) -> str:
    """Return a text up to the end of its last clause; it is empty if none has ended."""
    return _cut(text, 0, _CLAUSE_END)


def _cut(text: str, after: int, ends: re.Pattern[str]) -> str:
    code = [match.span() for match in CODE.finditer(text)]
    found = ""
    for match in ends.finditer(text, after):
        is_in_code = any(start < match.end() < end for start, end in code)
        if not is_in_code or match[0] == "\n":
            found = text[: match.end()]
    return found.rstrip()


def _cut_at_word(text: str, after: int) -> str:
    at = max(text.rfind(space, after) for space in " \n\t")
    if at <= after:
        # Not every language has spaces.
        return text if len(text) - after > _MAX_WORD else text[:after]
    return text[:at].rstrip()
