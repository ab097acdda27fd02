"""Which of a personality's expressions fits what it says: by words and emoji, without a model."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

# Emotions, after which expressions are called, and the words that show them. But for the last, they
# are those of GoEmotions (Demszky and others, 2020, arXiv:2005.00547) without "neutral".
_EMOTIONS: Final[Mapping[str, str]] = {
    "joy": "happy happily glad gladly cheerful cheerfully smile grin beam delight joyful yay 😀 😃 "
    "😄 😁 🙂 😊 ☺ :) :D",
    "amusement": "laugh laughing laughter chuckle giggle snicker cackle haha hahaha hehe lol funny "
    "😂 🤣 😆 😹",
    "sadness": "sad sadly cry tear weep sob unhappy gloomy sigh sorrow 😢 😭 😞 😔 ☹ 🙁 :( 💔",
    "grief": "mourn grieve grief mournful bereft 🖤",
    "anger": "angry angrily anger furious furiously rage glare growl snarl shout scowl mad 😠 😡 "
    "🤬 💢",
    "annoyance": "annoyed irritated groan huff grumble tut roll 😒 🙄 😤",
    "surprise": "surprised astonished gasp startled blink shocked wow whoa 😮 😲 😯 🤯 😳",
    "fear": "scared afraid fear fearful terrified tremble shiver flinch panic 😱 😨 😰",
    "nervousness": "nervous nervously fidget anxious anxiously stammer gulp worried worry 😬 😟 😥",
    "embarrassment": "blush embarrassed flustered sheepish sheepishly shy shyly 😅 🫣 🙈",
    "confusion": "confused puzzled perplexed baffled frown bewildered 😕 🤨 ❓ 😵",
    "curiosity": "curious curiously lean peer inspect interested intrigued 🧐 👀",
    "realization": "thinking thoughtful thoughtfully think ponder muse consider wonder hum realize "
    "realise 🤔 💡",
    "love": "love lovingly adore kiss hug tender tenderly affectionate 😍 🥰 😘 ❤ 💕 💖",
    "desire": "flirt flirty seductive seductively wink smirk longing 😏 😉",
    "disgust": "disgusted disgust grimace gag retch sneer yuck ew 🤢 🤮",
    "excitement": "excited excitedly bounce eager eagerly thrilled 🤩 🎉 ✨",
    "pride": "proud proudly puff triumphant triumphantly boast 😌 💪",
    "disappointment": "disappointed disappointment slump deflate",
    "disapproval": "disapproving disapprove tsk",
    "caring": "comfort gentle gently soothe kind kindly warm warmly 🤗",
    "gratitude": "thank thanks grateful gratefully 🙏",
    "relief": "relieved relief exhale phew",
    "admiration": "admire admiring admiringly awe impressed 👏",
    "approval": "nod approve approving approvingly 👍",
    "optimism": "hopeful hopefully hope confident confidently 🤞",
    "remorse": "sorry apologetic apologetically regret guilty guiltily 🥺",
    "tired": "tired sleepy yawn drowsy exhausted 😴 🥱 😪",
}  # fmt: skip
_ACTION = re.compile(r"(?<!\*)\*(?!\*)([^*\n]{1,400})\*(?!\*)")
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_SYMBOL = re.compile(r"[:;]-?[()D]|[^\w\s.,!?'\"*()\[\]-]", re.UNICODE)
_ACTION_WEIGHT = 3
_ENDINGS = ("", "s", "es", "d", "ed", "ing")


def choose(text: str, names: Iterable[str]) -> str | None:
    """Return the expression that fits a text best, if any does.

    What stands between asterisks counts most, as that is what a face shows.
    """
    cues = _cues_of(text)
    scores = {name: sum(cues[cue] for cue in _cues(name)) for name in sorted(names)}
    best = max(scores, key=lambda name: scores[name], default=None)
    return best if best is not None and scores[best] > 0 else None


def _cues_of(text: str) -> Counter[str]:
    cues: Counter[str] = Counter(_SYMBOL.findall(text))
    cues.update(word.lower() for word in _WORD.findall(text))
    for action in _ACTION.findall(text):
        for word in _WORD.findall(action):
            cues[word.lower()] += _ACTION_WEIGHT - 1
    return cues


def _cues(name: str) -> frozenset[str]:
    """Return the words and emoji that show an expression of this name."""
    words = [word.lower() for word in _WORD.findall(name.replace("_", " "))]
    stems = set(words)
    for emotion, shown_by in _EMOTIONS.items():
        cues = {emotion, *shown_by.split()}
        if any(form in cues for word in words for form in _stems(word)):
            stems |= cues
    return frozenset(form for stem in stems for form in _forms(stem))


def _stems(word: str) -> list[str]:
    """Return what a word may be a form of."""
    bare = [word[: -len(ending)] for ending in _ENDINGS if ending and word.endswith(ending)]
    return [word, *bare, *(f"{each}e" for each in bare)]


def _forms(stem: str) -> list[str]:
    """Return the forms of an English word: smiled and smiling, cries and cried, grinning."""
    if not stem.isalpha():
        return [stem]
    forms = [stem + ending for ending in _ENDINGS]
    if stem.endswith("e"):
        forms += [stem[:-1] + "ing", stem[:-1] + "ed"]
    elif stem.endswith("y"):
        forms += [stem[:-1] + "ies", stem[:-1] + "ied"]
    else:
        forms += [stem + stem[-1] + "ing", stem + stem[-1] + "ed"]
    return forms
