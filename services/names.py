"""Detection of names that impersonate somebody, and slugs."""

import secrets
import unicodedata
from collections.abc import Iterable

from services.errors import NameImpersonates
from services.texts import is_visible

# Discord rejects these anywhere in the name of a webhook. It also rejects "here" in some words:
# such names speak under another one where it does.
_FORBIDDEN = ("discord", "clyde")
# Words for those who run a server, and for everyone in it: nobody calls one personality by them.
_RESERVED = frozenset(
    (
        *("admin", "administrator", "admins", "mod", "moderator", "moderators", "mods"),
        *("official", "owner", "server", "staff", "support", "system", "team", "the"),
        *("all", "anybody", "anyone", "channel", "chat", "devs", "everybody", "everyone"),
        *("folks", "group", "guys", "here", "members", "online", "people", "room", "users"),
    )
)
# Characters that look like a Latin letter, from Unicode's confusables.txt.
_LOOKALIKES = {
    ord(alike): letter
    for letter, all_alike in {
        "a": "αа@4ᴀ", "b": "βвʙ", "c": "сϲᴄ", "d": "ԁᴅ", "e": "еєεэ3ᴇ", "f": "ꜰ", "g": "ɡɢ",
        "h": "нһʜ", "i": "ιіıɪ1!|lʟ", "j": "јᴊ", "k": "кκᴋ", "m": "мᴍ", "n": "пηɴ", "o": "оοσօ0ᴏ",
        "p": "рρᴘ", "q": "ԛ", "r": "ʀ", "s": "ѕ5$ꜱ", "t": "тτ7ᴛ", "u": "υսᴜ", "v": "ѵνᴠ",
        "w": "ԝωᴡ", "x": "хχ", "y": "уγʏ", "z": "ᴢ",
    }.items()
    for alike in all_alike
} | {
    first + offset: letter  # on coloured discs, on coloured squares, regional indicators
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for offset, letter in enumerate("abcdefghijkimnopqrstuvwxyz")
}  # fmt: skip
# Those of them that are not ASCII.
_DISGUISES = {code: letter for code, letter in _LOOKALIKES.items() if not chr(code).isascii()}
_MIN_OVERLAY_CLASS = (
    200  # from this combining class on, marks surround a letter without changing it
)


def skeleton(name: str) -> str:
    """Return the skeleton of a name: names that look alike have the same skeleton."""
    # Styled capitals are normalized first, then what their small letters decompose into.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    mapped = folded.rstrip("!| ").translate(_LOOKALIKES)
    return "".join(_significant(character) for character in mapped)


def strip_disguise(text: str) -> str:
    """Return a text without invisible characters, and with lookalikes as plain letters.

    Runs of spaces are one space, empty lines are left out.
    """
    folded = unicodedata.normalize("NFKC", text)
    plain = "".join(c for c in folded if is_visible(c) or c in "\n\t").translate(_DISGUISES)
    lines = (" ".join(line.split()) for line in plain.splitlines())
    return "\n".join(line for line in lines if line)


def _significant(character: str) -> str:
    """Return what distinguishes a character; in many scripts marks are vowels."""
    category = unicodedata.category(character)
    if not is_visible(character) or category == "Me":
        return ""
    if category[0] == "M":
        combining_class = unicodedata.combining(character)
        return "" if combining_class == 1 or combining_class >= _MIN_OVERLAY_CLASS else character
    return character if character.isalnum() else " "


_RESERVED_SKELETONS = frozenset(map(skeleton, _RESERVED))


def refuse_impersonation(name: str, members: Iterable[str] = ()) -> None:
    """Reject a name that looks like Discord's, like staff, or like a member's.

    Raises:
        NameImpersonates: The name looks like one of these.
    """
    if _is_forbidden(name):
        raise NameImpersonates(name)
    compact = appearance(name)
    # An @ may stand for a letter, as in @dmin, or be a prefix, as in @everyone.
    if is_reserved(name) or is_reserved(name.strip("@ ")):
        raise NameImpersonates(name)
    if compact and any(appearance(member) == compact for member in members):
        raise NameImpersonates(name)


def _is_forbidden(name: str) -> bool:
    """Whether Discord rejects a name, or a word of it looks like one that it rejects.

    Words of a name are not joined: "Isaac Lyden" is a name.
    """
    words = [appearance(word) for word in name.split()]
    if all(len(word) <= 1 for word in words):  # letters with spaces between them
        words = ["".join(words)]
    return any(appearance(each) in word for word in words for each in _FORBIDDEN)


def is_reserved(name: str) -> bool:
    """Whether a name looks like a word for staff or for everyone."""
    words = set(skeleton(name).split())
    return bool(words) and (words <= _RESERVED_SKELETONS or appearance(name) in _RESERVED_SKELETONS)


def appearance(name: str) -> str:
    """Return what a name looks like, without its spaces: that of an impersonator is the same."""
    return skeleton(name).replace(" ", "")


def ascii_words(text: str) -> str:
    """Return the ASCII words of a text for use in a URL; empty if it has none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())


def slugify(name: str) -> str:
    """Return a readable, nearly unique slug: ASCII words of the name and some random letters."""
    return f"{ascii_words(name)[:60].strip('-') or 'personality'}-{secrets.token_hex(4)}"
