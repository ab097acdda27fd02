"""What a Discord with one server, two people and a bot says of them."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

Payload: TypeAlias = dict[str, Any]

GUILD_ID, BOT_ID, ALICE_ID, BOB_ID, DM_ID = 1 << 40, 9 << 40, 2 << 40, 3 << 40, 4 << 40
FIRST_CHANNEL_ID = (1 << 40) + 10
_GUILD_BITS = 22
_LARGE = 50  # members
_NAMES = {BOT_ID: "Troupe", ALICE_ID: "alice", BOB_ID: "bob"}
_EVERYONE: Payload = {
    "name": "@everyone",
    "permissions": str((1 << 50) - 1),
    "position": 0,
    "color": 0,
    "colors": {"primary_color": 0},
    "hoist": False,
    "managed": False,
    "mentionable": False,
    "flags": 0,
}


def guild_of(channel_id: int) -> int:
    """Return the server of a channel: ids of servers are multiples of 2**22."""
    return channel_id >> _GUILD_BITS << _GUILD_BITS


def now() -> str:
    """Return the time as Discord writes it."""
    return datetime.now(UTC).isoformat()


def user(user_id: int) -> Payload:
    """Return a person, or the bot."""
    name = _NAMES.get(user_id, f"user{user_id % 1000}")
    shown = {"username": name, "global_name": name, "discriminator": "0", "avatar": None}
    return {"id": str(user_id), **shown, "bot": user_id == BOT_ID, "public_flags": 0}


def member(user_id: int) -> Payload:
    """Return a member of the server."""
    joined = {"joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False}
    return {"user": user(user_id), "roles": list[str](), **joined, "flags": 0}


def members(asked: Payload, count: int) -> Payload:
    """Return the answer to a request for the members, by the beginning of their names."""
    chunk: Payload = {"chunk_index": 0, "chunk_count": 1, "not_found": [], "presences": []}
    everybody = (member(each) for each in _member_ids(int(asked["guild_id"]), count))
    query = (asked.get("query") or "").lower()
    found = [each for each in everybody if each["user"]["username"].lower().startswith(query)]
    return {
        "guild_id": asked["guild_id"],
        "members": found[: asked.get("limit") or None],
        "nonce": asked.get("nonce"),
        **chunk,
    }


def _member_ids(guild_id: int, count: int) -> list[int]:
    return [BOT_ID, ALICE_ID, BOB_ID, *range(guild_id + 1000, guild_id + 1000 + count - 3)]


def application(flags: int) -> Payload:
    """Return the bot's application; the flags say which intents it has."""
    texts = {"name": "Troupe", "description": "", "summary": "", "icon": None, "verify_key": "0"}
    owner = {"owner": user(ALICE_ID), "team": None, "bot_public": True}
    return {"id": str(BOT_ID), **texts, **owner, "bot_require_code_grant": False, "flags": flags}


def ready(gateway: str, guild_ids: list[int], shard: list[int]) -> Payload:
    """Return what the connection of a shard begins with."""
    return {
        "v": 10,
        "user": user(BOT_ID),
        "guilds": [{"id": str(each), "unavailable": True} for each in guild_ids],
        "session_id": "s",
        "resume_gateway_url": gateway,
        "application": {"id": str(BOT_ID), "flags": 1 << 19},
        "shard": shard,
        "private_channels": [],
        "relationships": [],
    }


def channel(channel_id: int) -> Payload:
    """Return a text channel."""
    return {
        "id": str(channel_id),
        "type": 0,
        "guild_id": str(guild_of(channel_id)),
        "name": f"c{channel_id - guild_of(channel_id)}",
        "position": 0,
        "permission_overwrites": list[Payload](),
        "parent_id": None,
        "flags": 0,
    }


def thread(thread_id: int, parent_id: int) -> Payload:
    """Return a public thread."""
    state = {"archived": False, "auto_archive_duration": 60, "locked": False}
    return {
        **channel(thread_id),
        "type": 11,
        "parent_id": str(parent_id),
        "owner_id": str(ALICE_ID),
        "thread_metadata": {**state, "archive_timestamp": now()},
        "message_count": 0,
        "member_count": 1,
    }


def dm() -> Payload:
    """Return Alice's DM with the bot."""
    return {"id": str(DM_ID), "type": 1, "recipients": [user(ALICE_ID)], "flags": 0}


def guild(
    guild_id: int, channels: list[Payload], threads: list[Payload], *, members: int
) -> Payload:
    """Return a server as a connection first shows it: large ones without their members."""
    zero = (
        "verification_level", "default_message_notifications", "explicit_content_filter",
        "mfa_level", "nsfw_level", "premium_tier", "system_channel_flags",
    )  # fmt: skip
    nothing = ("emojis", "stickers", "features", "voice_states", "presences")
    return {
        "id": str(guild_id),
        "name": "The loopback",
        "owner_id": str(ALICE_ID),
        "preferred_locale": "en-US",
        "afk_timeout": 60,
        "member_count": members,
        "large": members > _LARGE,
        "roles": [{**_EVERYONE, "id": str(guild_id)}],
        "members": [
            member(each) for each in _member_ids(guild_id, 3 if members > _LARGE else members)
        ],
        "channels": channels,
        "threads": threads,
        **dict.fromkeys(zero, 0),
        **{name: list[Payload]() for name in nothing},
    }


def message(
    message_id: int, channel_id: int, author: Payload, text: str, webhook_id: int | None
) -> Payload:
    """Return a message of a person, the bot or a webhook."""
    nothing = ("mentions", "mention_roles", "attachments", "embeds", "components")
    written: Payload = {
        "id": str(message_id),
        "channel_id": str(channel_id),
        "author": author,
        "content": text,
        "timestamp": now(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "pinned": False,
        "type": 0,
        "flags": 0,
        **{name: list[Payload]() for name in nothing},
    }
    if channel_id != DM_ID:
        written["guild_id"] = str(guild_of(channel_id))
        if webhook_id is None:
            written["member"] = member(int(author["id"]))
    if webhook_id is not None:
        written |= {"webhook_id": str(webhook_id), "application_id": str(BOT_ID)}
    return written


def webhook(webhook_id: int, channel_id: int, name: str) -> Payload:
    """Return a webhook of the bot's."""
    return {
        "id": str(webhook_id),
        "type": 1,
        "guild_id": str(guild_of(channel_id)),
        "channel_id": str(channel_id),
        "user": user(BOT_ID),
        "name": name,
        "avatar": None,
        "token": "t" * 68,
        "application_id": str(BOT_ID),
    }
