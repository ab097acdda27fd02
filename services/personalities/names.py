"""Names that could be taken for someone else's."""

import secrets
import unicodedata
from collections.abc import Iterable

from services.personalities.errors import NameImpersonates
from services.texts import is_visible

# Discord refuses these inside the name of a webhook.
_FORBIDDEN = ("discord", "clyde")
_STAFF = frozenset(
    ("admin", "administrator", "admins", "everyone", "here", "mod", "moderator", "moderators")
) | {"mods", "official", "owner", "server", "staff", "support", "system", "team", "the"}
# What looks like a Latin letter, after Unicode's confusables.txt.
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
    first + offset: letter  # on coloured discs, on coloured squares, as halves of flags
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for offset, letter in enumerate("abcdefghijkimnopqrstuvwxyz")
}  # fmt: skip
# Of those, what is no letter or sign of ours and only pretends to be one.
_DISGUISES = {code: letter for code, letter in _LOOKALIKES.items() if not chr(code).isascii()}
_OVER_LETTERS = (
    200  # from this combining class on, marks stand around a letter and do not change it
)


def skeleton(name: str) -> str:
    """Return what a name looks like: names that look alike have the same skeleton."""
    # Styled capitals become plain ones first, and what their small letters decompose into after.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    looks = folded.rstrip("!| ").translate(_LOOKALIKES)
    return "".join(_bone(character) for character in looks)


def strip_disguise(text: str) -> str:
    """Return a text without what cannot be seen, and without letters in disguise."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if is_visible(c) or c in "\n\t").translate(_DISGUISES)


def _bone(character: str) -> str:
    """Return what of a character tells names apart; in many scripts marks are vowels."""
    kind = unicodedata.category(character)
    if not is_visible(character) or kind == "Me":
        return ""
    if kind[0] == "M":
        over = unicodedata.combining(character)
        return "" if over == 1 or over >= _OVER_LETTERS else character
    return character if character.isalnum() else " "


_STAFF_BONES = frozenset(map(skeleton, _STAFF))


def refuse_impersonation(name: str, members: Iterable[str] = ()) -> None:
    """Refuse a name that looks like Discord's, like staff, or like a member's.

    Raises:
        NameImpersonates: It does.
    """
    packed = _packed(name)
    if any(_packed(word) in packed for word in _FORBIDDEN):
        raise NameImpersonates(name)
    # An @ may be a letter, as in @dmin, or a mark, as in @everyone.
    if _looks_like_staff(name) or _looks_like_staff(name.strip("@ ")):
        raise NameImpersonates(name)
    if packed and any(_packed(member) == packed for member in members):
        raise NameImpersonates(name)


def _looks_like_staff(name: str) -> bool:
    words = set(skeleton(name).split())
    return bool(words) and (words <= _STAFF_BONES or _packed(name) in _STAFF_BONES)


def _packed(name: str) -> str:
    return skeleton(name).replace(" ", "")


def words_of(text: str) -> str:
    """Return the ASCII words of a text as a part of an address; empty where it has none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())


def slugify(name: str) -> str:
    """Return a readable, nearly unique slug: ASCII words of the name and some random letters."""
    return f"{words_of(name)[:60].strip('-') or 'personality'}-{secrets.token_hex(4)}"
