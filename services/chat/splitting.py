"""Cutting long answers into messages."""

import re

LIMIT = 2000
_FENCE = re.compile(r"^(```+|~~~+)([^\n`]*)$", re.MULTILINE)
# Where a text is cut, best first: between paragraphs, lines, sentences, words.
_BREAKS = ("\n\n", "\n", ". ", "! ", "? ", "。", "！", "？", " ")
_EARLIEST = 0.4  # of the limit: nobody wants a message of three words before a long one


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Cut a text into messages of at most `limit` characters.

    Nothing is lost but space at the cuts. A code fence that is cut is closed and opened again.
    """
    rest = text.strip()
    messages: list[str] = []
    opened = ""
    while rest:
        head = opened + rest
        if len(head) <= limit:
            messages.append(head)
            break
        # Room for closing a fence is kept whether or not there is one.
        cut = _cut(rest, limit - len(opened) - len("\n```"))
        piece, rest = opened + rest[:cut].rstrip(), rest[cut:].lstrip("\n" if opened else None)
        fence = _open_fence(piece)
        messages.append(f"{piece}\n{fence[:3]}" if fence else piece)
        opened = f"{fence}\n" if fence else ""
    return [message for message in messages if message.strip()]


def _cut(text: str, room: int) -> int:
    """Return where to cut so that at most `room` characters come before it."""
    for mark in _BREAKS:
        at = text.rfind(mark, int(room * _EARLIEST), room)
        if at >= 0:
            return at + len(mark.rstrip()) if mark.strip() else at
    return room


def _open_fence(text: str) -> str:
    """Return the line that opened a code fence which is still open at the end, or nothing."""
    opened = ""
    for match in _FENCE.finditer(text):
        if not opened:
            # A language longer than this is no language; it would eat the room of the text.
            opened = match[1][:3] + match[2].strip()[:20]
        elif match[1][0] == opened[0] and not match[2].strip():
            opened = ""
    return opened
