"""Splitting long answers into messages."""

import re

LIMIT = 2000
_CLOSING_FENCE = "\n```"
# What Discord treats as the fence of a code block, anywhere in a line. A longer language tag is
# not a language, and repeating it would leave too little space for the text.
_FENCE = re.compile(r"```+(?:(?P<language>[\w+#.-]{1,20})[ \t\r]*$)?", re.MULTILINE)
_MAX_OPENING_LENGTH = 24  # backticks and language tag
# Where to cut, best first: between paragraphs, lines, sentences, words.
_BREAKS = ("\n\n", "\n", ". ", "! ", "? ", "。", "！", "？", " ")
_MIN_FILL = 0.4  # of the limit, so that no message has only a few words


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Split a text into messages of at most `limit` characters.

    Only whitespace at the cuts is lost. A code block that is cut is closed and reopened; one that
    would start late in a message starts the next one.
    """
    rest = text.strip()
    messages: list[str] = []
    opened = ""
    while rest:
        if len(opened + rest) <= limit and len(last := _close_block(opened + rest)) <= limit:
            messages.append(last)
            break
        # Space for a closing fence is reserved even if no block is open.
        cut = _find_cut(rest, limit - len(opened) - len(_CLOSING_FENCE), is_open=bool(opened))
        piece, rest = rest[:cut].rstrip(), rest[cut:]
        message, reopened = opened + piece, _reopening_line(opened + piece, rest)
        if piece:
            messages.append(message + _CLOSING_FENCE if reopened else message)
        # If the block ends at the cut, no empty one is opened.
        if reopened and rest.lstrip().startswith("```"):
            rest, reopened = rest.lstrip().lstrip("`"), ""
        rest, opened = rest.lstrip("\r\n" if reopened else None), reopened
    return messages


def _close_block(text: str) -> str:
    return text + _CLOSING_FENCE if _reopening_line(text, "") else text


def _find_cut(text: str, limit: int, *, is_open: bool) -> int:
    """Return where to cut so that at most `limit` characters come before it."""
    earliest = int(limit * _MIN_FILL)
    # If a block is open, the first fence closes it.
    fences = list(_FENCE.finditer(text, 0, limit))[is_open:]
    if len(fences) % 2:
        if fences[-1].start() >= earliest:
            return fences[-1].start()
        # The first word of a block must not be left alone, where it would be read as its language.
        earliest = max(earliest, fences[-1].start() + _MAX_OPENING_LENGTH)
    # Complete blocks are not cut.
    breakable = text[:limit]
    for begin, end in zip(fences[::2], fences[1::2], strict=False):
        first, last = begin.start(), end.end()
        breakable = breakable[:first] + "`" * (last - first) + breakable[last:]
    for mark in _BREAKS:
        at = breakable.rfind(mark, earliest)
        if at >= 0:
            return at + len(mark.rstrip()) if mark.strip() else at
    # A run of backticks is not split.
    whole = text[:limit].rstrip("`") if text[limit] == "`" else ""
    return len(whole) or limit


def _reopening_line(text: str, rest: str) -> str:
    """Return the line that reopens the code block that is open at the end, or an empty text."""
    fences = list(_FENCE.finditer(text))
    if len(fences) % 2 == 0:
        return ""
    last = fences[-1]
    begins_line = last.start() == 0 or text[last.start() - 1] == "\n"
    # Unclosed backticks in the middle of a line are plain text.
    return f"```{last['language'] or ''}\n" if begins_line or "```" in rest else ""
