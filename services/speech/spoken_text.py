"""What of an answer is spoken: its words, without what only eyes understand."""

import re
import unicodedata

from services.texts import printable

_CODE = re.compile(r"```[^`]*(?:```|$)")
# As Discord reads them: italics begin and end at a word.
_ITALICS = re.compile(r"\*(?![\s*])[^*\n]+(?<!\s)\*|(?<!\w)_(?![\s_])[^_\n]+(?<!\s)_(?!\w)")
_MIN_ACTION = 3  # words
# At most this much of a text is markup.
_MARKED_UP = 8
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{1,2000}\)")
# Addresses, mentions, custom emoji and times.
_UNSPOKEN = re.compile(r"https?://\S+|<[@#:a/t][^<>\n]{0,100}>")
_MARKUP = re.compile(r"[*~`|>#]+|(?<!\w)_+|_+(?!\w)")
_SPACES = re.compile(r"\s+")
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")
# Symbols and marks that belong to emoji; voices read their names.
_EMOJI = {"So", "Sk", "Cs", "Co", "Cn"}


def spoken_text(text: str, *, limit: int) -> str:
    """Return what of an answer is spoken, at most this many characters, in whole sentences.

    Actions in italics are left out, unless there is nothing else. The result is "" if nothing of
    it can be spoken.
    """
    without_code = _CODE.sub(" ", text[: _MARKED_UP * limit])
    # Bold words are emphasised, not an action.
    plain = without_code.replace("**", "").replace("__", "")
    dialogue = _words(_ITALICS.sub(_without_action, plain))
    return _first_sentences(dialogue or _words(plain), limit)


def _without_action(italics: re.Match[str]) -> str:
    """Return italics, or a space if they are an action and not the emphasis of a word."""
    text, italic = italics.string, italics[0]
    before = text[: italics.start()].rstrip(" ")
    after = text[italics.end() :].lstrip(" .,!?…\"'”’")
    is_at_edge = not before or before.endswith("\n") or not after or after.startswith("\n")
    is_action = is_at_edge or len(italic.split()) >= _MIN_ACTION
    return " " if is_action else italic


def _words(text: str) -> str:
    unmarked = _MARKUP.sub("", _UNSPOKEN.sub(" ", _LINK.sub(r"\1", text)))
    shown = "".join(
        character
        for character in printable(unmarked)
        if unicodedata.category(character) not in _EMOJI and character not in "\ufe0f\u200d"
    )
    words = _SPACES.sub(" ", shown).strip()
    return words if any(map(str.isalnum, words)) else ""


def _first_sentences(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    begun = text[:limit]
    end = max(begun.rfind(each) for each in _SENTENCE_ENDS) + 1
    if end >= limit // 2:
        return begun[:end]
    return begun.rpartition(" ")[0] or begun
