"""Cutting long answers into messages."""

import re

LIMIT = 2000
_CLOSE = "\n```"
# What Discord takes for the edge of a block of code, wherever in a line it stands. A language
# longer than this is no language; it would eat the room of the text.
_FENCE = re.compile(r"```+(?:(?P<language>[\w+#.-]{1,20})[ \t\r]*$)?", re.MULTILINE)
_LONGEST_OPENING = 24  # backticks and language
# Where a text is cut, best first: between paragraphs, lines, sentences, words.
_BREAKS = ("\n\n", "\n", ". ", "! ", "? ", "。", "！", "？", " ")
_EARLIEST = 0.4  # of the limit: nobody wants a message of three words before a long one


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Cut a text into messages of at most `limit` characters.

    Nothing is lost but space at the cuts. A block of code that is cut is closed and opened again;
    one that would begin late in a message begins the next one.
    """
    rest = text.strip()
    messages: list[str] = []
    opened = ""
    while rest:
        if len(opened + rest) <= limit and len(last := _closed(opened + rest)) <= limit:
            messages.append(last)
            break
        # Room for closing a block is kept whether or not there is one.
        cut = _cut(rest, limit - len(opened) - len(_CLOSE), is_open=bool(opened))
        piece, rest = rest[:cut].rstrip(), rest[cut:]
        message, reopened = opened + piece, _open_block(opened + piece, rest)
        if piece:
            messages.append(message + _CLOSE if reopened else message)
        # Where the block ends at the cut, no empty one is opened.
        if reopened and (end := re.match(r"\s*```+", rest)):
            rest, reopened = rest[end.end() :], ""
        rest, opened = rest.lstrip("\r\n" if reopened else None), reopened
    return messages


def _closed(text: str) -> str:
    return text + _CLOSE if _open_block(text, "") else text


def _cut(text: str, room: int, *, is_open: bool) -> int:
    """Return where to cut so that at most `room` characters come before it."""
    earliest = int(room * _EARLIEST)
    # The first fence ends the block that is open.
    fences = list(_FENCE.finditer(text, 0, room))[is_open:]
    if len(fences) % 2:
        if fences[-1].start() >= earliest:
            return fences[-1].start()
        # What a block begins with is not to be left alone, to be taken for its language.
        earliest = max(earliest, fences[-1].start() + _LONGEST_OPENING)
    # Where blocks are whole, none is cut.
    breakable = text[:room]
    for begin, end in zip(fences[::2], fences[1::2], strict=False):
        first, last = begin.start(), end.end()
        breakable = breakable[:first] + "`" * (last - first) + breakable[last:]
    for mark in _BREAKS:
        at = breakable.rfind(mark, earliest)
        if at >= 0:
            return at + len(mark.rstrip()) if mark.strip() else at
    # A run of backticks is not torn apart.
    whole = text[:room].rstrip("`") if text[room] == "`" else ""
    return len(whole) or room


def _open_block(text: str, rest: str) -> str:
    """Return the line that opens the block of code again that is open at the end, or nothing."""
    fences = list(_FENCE.finditer(text))
    if len(fences) % 2 == 0:
        return ""
    last = fences[-1]
    begins_line = last.start() == 0 or text[last.start() - 1] == "\n"
    # Backticks in the middle of a line that nothing closes are just backticks.
    return f"```{last['language'] or ''}\n" if begins_line or "```" in rest else ""
