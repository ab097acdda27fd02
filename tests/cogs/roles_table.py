"""What each role may do: every command, and the refusal of whoever may not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

MENUS = ("Answer… · Regenerate", "Answer… · Edit", "Answer… · Delete", "Why this reply?")
ASK_MENU = "Ask my personality about this"
REMEMBER_MENU = "Remember this"
ROLES = ("stranger", "owner", "moderator", "bot_owner", "co_owner")
HIDDEN = "hidden"
OWNERS = "Only the owners of **Zed** can do that."
BOT_OWNER = "Only the person who runs this bot can do that."
MODERATORS = "Only members with **Manage Messages** in this channel can do that."
NOT_BROUGHT = (
    "Only its maker or a moderator may bring a personality into this server. A moderator can bring "
    "**Zed**, or change that with `/server settings`."
)
NO_ZED = "There is no personality called **Zed** that you can talk to here."
NO_PERSONA = "You have no persona called **Hero**."
NO_BOOK = (
    "There is no lorebook called **Tome** that you may change here. `/lore list` shows those that "
    "there are."
)
NO_CHANNEL_LORE = "Only moderators give a channel a lorebook."
NO_COPY = (
    "**Zed** cannot be copied: its maker allows that with `/personality settings copying`, while "
    "it is public."
)
NO_CONFIG = "There is no config called **Quick** that you can use here."
NO_CHARACTER = "You have no character called **Inky**. `/character list` shows yours."
NO_MEMORY = "There is no such memory of you."
NO_KEY = "There is no key of OpenAI. `/key list` shows those that there are."
NO_PHOTO = "You have no photo called **zed.jpg**. `/photos list` shows yours."
NO_POST = "You have no post called **draft.jpg**. `/schedule list` shows yours."
NO_TARGET = "There is no target called **lobby** for this. `/schedule targets` lists and adds them."
NOT_YOURS = "Only the person who was answered, or a moderator, can do that."
NOTHING_SAID = "That message is not a personality's answer, or the answer is no longer stored."

Options: TypeAlias = Mapping[str, Any]
ZED, HERO, QUICK, MEMORY, INKY = (
    {"personality": "Zed"},
    {"persona": "Hero"},
    {"config": "Quick"},
    {"memory": "$memory"},
    {"character": "Inky"},
)


@dataclass(frozen=True)
class Row:
    """A command's options, and the refusal of each role; None where it is allowed.

    Without `shared`, co-owners of a personality are strangers to the thing.
    """

    options: Options = field(default_factory=dict[str, Any])
    stranger: str | None = None
    owner: str | None = None
    moderator: str | None = None
    bot_owner: str | None = None
    shared: bool = False

    @property
    def co_owner(self) -> str | None:
        return self.owner if self.shared else self.stranger


def everyone(**options: Any) -> Row:
    return Row(options)


def its_owner(refusal: str, *, owner: str | None = None, **options: Any) -> Row:
    """Only the owner of the thing may; `owner` is a refusal for another reason."""
    return Row(options, stranger=refusal, owner=owner, moderator=refusal, bot_owner=refusal)


def owners(**options: Any) -> Row:
    """The owners of a personality, and the owner of the bot."""
    return Row({**ZED, **options}, stranger=OWNERS, moderator=OWNERS, shared=True)


def owners_of(refusal: str, *, owner_refusal: str | None = None, **options: Any) -> Row:
    """The same, where others are not told that the thing exists."""
    return Row(
        options,
        stranger=refusal,
        owner=owner_refusal,
        moderator=refusal,
        bot_owner=owner_refusal,
        shared=True,
    )


def book_owners(**options: Any) -> Row:
    """The owners of the personality that a lorebook belongs to."""
    options = {"book": "Tome", **options}
    return Row(options, stranger=NO_BOOK, moderator=NO_BOOK, bot_owner=NO_BOOK, shared=True)


def bot_owner(**options: Any) -> Row:
    return Row(options, stranger=BOT_OWNER, owner=BOT_OWNER, moderator=BOT_OWNER)


def operator(**options: Any) -> Row:
    """The owner of the bot; Discord hides these commands from others."""
    return Row(options, stranger=HIDDEN, owner=HIDDEN, moderator=HIDDEN)


def moderators(**options: Any) -> Row:
    """Moderators; Discord hides these commands from others."""
    return Row(options, stranger=HIDDEN, owner=HIDDEN, bot_owner=HIDDEN)


def asker() -> Row:
    """A message menu: the user who was answered, and moderators."""
    return Row(stranger=NOT_YOURS, bot_owner=NOT_YOURS)


# In this order, so that nothing is deleted before it is needed.
TABLE: dict[str, Row] = {
    "help": everyone(),
    "settings": everyone(),
    "persona create": everyone(),
    "persona list": everyone(),
    "persona view": its_owner(NO_PERSONA, **HERO),
    "personality create": everyone(),
    "voice test": everyone(**ZED),
    "channel settings": moderators(),
    "scene": moderators(place="A pier"),
    "personality list": everyone(),
    "personality view": everyone(**ZED),
    "personality import": everyone(card="$card"),
    "personality export": owners(),
    "personality settings": owners(memory=True),
    "personality open": owners(),
    "personality avatar": owners(picture="$photo"),
    "personality expressions": owners(),
    "personality copy": Row(
        {**ZED, "name": "Zed II"}, stranger=NO_COPY, moderator=NO_COPY, shared=True
    ),
    "personality alias add": owners(alias="Old Zed"),
    "personality alias remove": owners(alias="Zeddy"),
    "personality owners add": owners(user="$guest"),
    "personality owners remove": owners(user="$guest"),
    "lore list": everyone(),
    "lore note": Row(stranger=NO_CHANNEL_LORE, owner=NO_CHANNEL_LORE),
    "lore test": everyone(text="hello", **ZED),
    "lore create": owners(name="Scroll", scope="personality"),
    "lore import": owners(file="$book", scope="personality"),
    "lore view": book_owners(),
    "lore edit": book_owners(),
    "lore export": book_owners(),
    "lore delete": book_owners(),
    "config create": everyone(),
    "config list": everyone(),
    "config view": its_owner(NO_CONFIG, **QUICK),
    "config edit": its_owner(NO_CONFIG, **QUICK),
    "config global create": bot_owner(),
    "config global default": bot_owner(config="OpenAI"),
    "system-prompt create": operator(),
    "system-prompt edit": operator(prompt="Default"),
    "system-prompt list": operator(),
    "system-prompt default": operator(prompt="Default"),
    "system-prompt delete": operator(prompt="Spare"),
    "channel activate": moderators(**ZED),
    "channel list": moderators(),
    "channel deactivate": moderators(**ZED),
    "chat with": everyone(**ZED),
    "memory list": everyone(),
    "memory add": everyone(**ZED, text="I sail."),
    REMEMBER_MENU: everyone(),
    "memory pin": its_owner(NO_MEMORY, **MEMORY),
    "memory search": everyone(words="fog"),
    "memory edit": its_owner(NO_MEMORY, **MEMORY),
    "Why this reply?": asker(),
    "Answer… · Edit": asker(),
    "Answer… · Regenerate": asker(),
    "memory forget": its_owner(NO_MEMORY, **MEMORY),
    "memory lock": its_owner(NO_MEMORY, memory="$other"),
    "Answer… · Delete": asker(),
    "chat say": everyone(**ZED, message="hello"),
    "chime-in": everyone(**ZED),
    "random": everyone(),
    "imagine": everyone(**ZED, what="a gull"),
    "my imagine": everyone(personality="Mirela", what="a gull", private=True),
    "my say": everyone(personality="Mirela", message="hello", private=True),
    "my use": everyone(personality="Mirela"),
    "my open": Row(ZED, stranger=NO_ZED, moderator=NO_ZED, bot_owner=NO_ZED, shared=True),
    ASK_MENU: everyone(),
    "history undo": everyone(),
    "history clear": everyone(),
    "history clear · everyone's": Row(
        {"everyones": True}, stranger=MODERATORS, owner=MODERATORS, bot_owner=MODERATORS
    ),
    "memory facts": everyone(),
    "memory export": everyone(),
    "memory fresh": everyone(duration="1 hour"),
    "memory share": everyone(),
    "memory incognito": everyone(duration="1 hour"),
    "memory purge": everyone(),
    "publish start": owners(),
    "publish status": owners(),
    "publish history": owners(),
    "publish unpublish": owners(),
    "discover browse": everyone(),
    "discover search": everyone(words="lamp"),
    "discover view": everyone(personality="Mirela"),
    "discover like": everyone(personality="Mirela"),
    "character generate": its_owner(
        NO_CHARACTER, owner="Images of **Inky** are already being generated.", **INKY
    ),
    "character create": everyone(photo="$photo", name="New", gender="female", style="Ink"),
    "character list": everyone(),
    "character gallery": its_owner(NO_CHARACTER, **INKY),
    "character profile": its_owner(
        NO_CHARACTER,
        owner="**Inky** has no description yet: the photo was not analysed.",
        **INKY,
    ),
    "character use": its_owner(
        NO_CHARACTER,
        owner="Select an image of **Inky** in `/character gallery` first.",
        **INKY,
        **ZED,
    ),
    "character delete": its_owner(NO_CHARACTER, **INKY),
    "photos import": owners(file="$photo"),
    "photos list": owners(),
    "photos unscheduled": owners(),
    "photos search": owners(text="fog"),
    "photos view": owners_of(NO_PHOTO, photo="zed.jpg"),
    "photos similar": owners_of(
        NO_PHOTO,
        owner_refusal="**zed.jpg** has not been analysed yet. Try again in a minute.",
        photo="zed.jpg",
    ),
    "schedule targets": owners(),
    "schedule slots": owners_of(NO_TARGET, target="lobby"),
    "schedule pause": owners_of(NO_TARGET, target="lobby"),
    "schedule post": owners_of(NO_PHOTO, photo="zed.jpg", target="lobby"),
    "schedule draft": owners_of(NO_PHOTO, photo="zed.jpg"),
    "schedule list": everyone(),
    "schedule calendar": everyone(),
    "timezone": everyone(zone="Europe/Vienna"),
    "schedule edit": owners_of(NO_POST, post="draft.jpg"),
    "schedule settle": owners_of(
        NO_POST,
        owner_refusal="The post is a draft, so that is no longer possible.",
        post="draft.jpg",
        outcome="it is posted",
    ),
    "schedule cancel": owners_of(NO_POST, post="draft.jpg"),
    "photos delete": owners_of(NO_PHOTO, photo="zed.jpg"),
    "board open": moderators(personalities="Zed"),
    "board list": moderators(),
    "board settings": moderators(topic="Fog"),
    "board top": moderators(),
    "engine trigger": Row(
        {**ZED, "act": "post"},
        stranger=HIDDEN,
        owner=HIDDEN,
        moderator=HIDDEN,
        bot_owner="This channel is not an open board. `/board open` turns a channel into one.",
    ),
    "board close": moderators(),
    "engine status": operator(),
    "engine plan": operator(),
    "engine tasks": operator(),
    "engine budget": operator(),
    "engine simulate": operator(days=2, personalities=2),
    "engine pause": operator(),
    "engine resume": operator(),
    "personality bring": Row(ZED, stranger=NOT_BROUGHT, bot_owner=NOT_BROUGHT, shared=True),
    "block add": Row(
        {"where": "this server", "user": "$guest"},
        stranger=MODERATORS,
        owner=MODERATORS,
        bot_owner=MODERATORS,
    ),
    "block remove": Row(
        {"where": "this server", "user": "$guest"},
        stranger=MODERATORS,
        owner=MODERATORS,
        bot_owner=MODERATORS,
    ),
    "block list": everyone(),
    "server settings": moderators(),
    "server personalities": moderators(),
    "server tools": moderators(),
    "server forget": Row(
        stranger=HIDDEN,
        owner=HIDDEN,
        moderator="Only members with **Manage Server** in this channel can do that.",
        bot_owner=HIDDEN,
    ),
    "personality delete": owners(),
    "admin servers": operator(),
    "admin sync": operator(),
    "admin audit": operator(),
    "key add": everyone(vendor="OpenAI"),
    "key add · server": Row(
        {"vendor": "OpenAI", "whose": "this server's"},
        stranger=MODERATORS,
        owner=MODERATORS,
        bot_owner=MODERATORS,
    ),
    "key test": its_owner(NO_KEY, owner=NO_KEY, vendor="OpenAI"),
    "key list": everyone(),
    "key remove": its_owner(NO_KEY, owner=NO_KEY, vendor="OpenAI"),
    "models": everyone(),
    "model allow": operator(model="openai/default"),
    "model deny": operator(model="openai/gpt-5"),
    "model list": operator(),
    "budget show": operator(),
    "budget set": operator(scope="everything", dollars=1.0),
    "usage": everyone(),
    "usage · server": Row(
        {"of": "this server"}, stranger=MODERATORS, owner=MODERATORS, bot_owner=MODERATORS
    ),
    "usage · everything": bot_owner(of="everything"),
    "admin jobs": operator(),
    "privacy export": everyone(),
    "privacy delete": everyone(),
    "privacy optout": everyone(),
    "schedule close": Row(stranger=MODERATORS, owner=MODERATORS, bot_owner=MODERATORS),
}


NOBODY = (
    "There is no personality here to answer yet. Call one by name, for example `@Mirela hello`, or "
    "choose one for your DMs with `/chat with`. See `/help` for more."
)
BLOCKED = "the person who runs this bot has blocked you."
SPENT = "Today's budget of this bot is spent. Until then `/usage` shows what you have used."
NOTHING_COSTLY: dict[str, str | None] = {
    **dict.fromkeys(
        (
            "Answer… · Regenerate",
            "chat say",
            "chime-in",
            "imagine",
            "publish start",
            "schedule draft",
            "voice test",
        ),
        f"**Zed** does not answer: {BLOCKED}",
    ),
    **dict.fromkeys(("photos search", "key test"), f"You cannot do that: {BLOCKED}"),
    "publish unpublish": "**Zed** is not public, or cannot be shown in this channel.",
    "random": NOBODY,
    **dict.fromkeys(("my say", "my imagine", ASK_MENU), f"**Mirela** does not answer: {BLOCKED}"),
}
# What an owner is told in a state, and is not otherwise.
STATES: dict[str, dict[str, str | None]] = {
    "blocked": NOTHING_COSTLY,
    "muted": NOTHING_COSTLY,
    "opted out": {
        **dict.fromkeys(("memory edit", "memory forget", "memory lock", "memory pin"), NO_MEMORY),
        **dict.fromkeys(MENUS, NOTHING_SAID),
        "history undo": "There is no answer to you here that could be undone.",
        **dict.fromkeys(
            (
                *("chat say", "chime-in", "imagine", "random", "my say", "my imagine"),
                *(ASK_MENU, "memory add", REMEMBER_MENU),
            ),
            "You have opted out, so personalities do not hear you. Use `/privacy optout` to opt "
            "back in.",
        ),
    },
    "over budget": {
        "Answer… · Regenerate": SPENT,
        "schedule draft": SPENT,
        "voice test": SPENT,
        **dict.fromkeys(("my say", "my imagine", ASK_MENU), SPENT),
        "chat say": "⏳",  # people are told once an hour, so the others only react
    },
    # Speech and pictures are paid by the operator: the words come without the picture.
    "with a key of their own": {
        "key test": None,
        "key remove": None,
        "voice test": SPENT,
        "my imagine": "",
    },
}
