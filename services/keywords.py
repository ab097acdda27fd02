"""What a server's AutoMod blocks: words and phrases, with wildcards, and regular expressions.

Matching follows https://docs.discord.com/developers/resources/auto-moderation: keywords are whole
words or phrases, a `*` at their beginning or end stands for more letters, case does not matter.
Punctuation counts as a space on both sides, so that rather too much is held back than too little.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import regex

log = logging.getLogger(__name__)

# Patterns are written by moderators, and for another engine than this one.
_PATTERN_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class KeywordRule:
    """One rule: what it blocks, and what it lets through nevertheless."""

    keywords: Sequence[str] = ()
    patterns: Sequence[str] = ()
    allowed: Sequence[str] = ()


async def find_blocked(rules: Sequence[KeywordRule], text: str) -> str | None:
    """Return the keyword or pattern that blocks a text, if there is one."""
    plain = _plain(text)
    for rule in rules:
        rest = plain
        for each in rule.allowed:
            rest = _without(rest, each)
        if found := next((each for each in rule.keywords if _contains(rest, each)), None):
            return found
    patterns = [pattern for rule in rules for pattern in rule.patterns]
    return await asyncio.to_thread(_find_pattern, patterns, text) if patterns else None


def _plain(text: str) -> str:
    """Return a text in small letters, with a space in place of all else, around it as well."""
    letters = "".join(each if each.isalnum() else " " for each in text.casefold())
    return f" {' '.join(letters.split())} "


def _needle(keyword: str) -> str:
    """Return what a keyword looks like in a plain text; empty if it has no letters."""
    words = _plain(keyword).strip()
    if not words:
        return ""
    before = "" if keyword.startswith("*") else " "
    after = "" if keyword.endswith("*") else " "
    return f"{before}{words}{after}"


def _contains(plain: str, keyword: str) -> bool:
    needle = _needle(keyword)
    return bool(needle) and needle in plain


def _without(plain: str, keyword: str) -> str:
    needle = _needle(keyword)
    return plain.replace(needle, " ") if needle else plain


def _find_pattern(patterns: Sequence[str], text: str) -> str | None:
    for pattern in patterns:
        try:
            if regex.search(
                pattern, text, regex.IGNORECASE, timeout=_PATTERN_SECONDS, concurrent=True
            ):
                return pattern
        except (regex.error, TimeoutError) as error:
            log.info("A pattern of a server cannot be applied: %s", type(error).__name__)
    return None
