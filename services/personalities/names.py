"""Names that could be taken for someone else's."""

import secrets
import unicodedata
from collections.abc import Iterable

from services.personalities.errors import NameImpersonates

# Discord refuses these inside the name of a webhook.
_FORBIDDEN = ("discord", "clyde")
_STAFF = frozenset(
    ("admin", "administrator", "admins", "everyone", "here", "mod", "moderator", "moderators")
) | {"mods", "official", "owner", "server", "staff", "support", "system", "team", "the"}
# What looks like a Latin letter, after Unicode's confusables.txt.
_LOOKALIKES = str.maketrans(
    {
        alike: letter
        for letter, all_alike in {
            "a": "аα@4", "b": "вβ", "c": "сϲ", "d": "ԁ", "e": "еєε3", "h": "нһ", "i": "іιı1!|l",
            "j": "ј", "k": "кκ", "m": "м", "n": "пη", "o": "оοσө0", "p": "рρ", "q": "ԛ", "s": "ѕ5$",
            "t": "тτ7", "u": "υս", "v": "ѵν", "w": "ԝω", "x": "хχ", "y": "уγ",
        }.items()
        for alike in all_alike
    }
)  # fmt: skip


def skeleton(name: str) -> str:
    """Return what a name looks like: names that look alike have the same skeleton."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c for c in bare if not unicodedata.combining(c)).translate(_LOOKALIKES)
    return "".join(c for c in letters if c.isalnum() or c == " ")


def refuse_impersonation(name: str, members: Iterable[str] = ()) -> None:
    """Refuse a name that looks like Discord's, like staff, or like a member's.

    Raises:
        NameImpersonates: It does.
    """
    bones = skeleton(name)
    packed = bones.replace(" ", "")
    words = set(bones.split())
    if any(word in packed for word in _FORBIDDEN) or (words and words <= _STAFF):
        raise NameImpersonates(name)
    if packed and any(skeleton(member).replace(" ", "") == packed for member in members):
        raise NameImpersonates(name)


def slugify(name: str) -> str:
    """Return a readable, nearly unique slug: ASCII words of the name and four random letters."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "-".join("".join(c if c.isalnum() else " " for c in ascii_name).split())
    return f"{words[:60].strip('-') or 'personality'}-{secrets.token_hex(2)}"
