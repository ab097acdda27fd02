"""The shapes that the old database has had, and what later ones keep elsewhere.

Its tables changed in October 2025 (defaults of users and personalities in tables of their own), in
November and December 2025 (conversations by persona, aliases, default personas back at users,
channels in their settings) and in January 2026 (parameters of models in one document).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

from services.llm_configs import PARAMETERS

Row: TypeAlias = dict[str, Any]
RowReader: TypeAlias = Callable[[str], Awaitable[list[Row]]]

REQUIRED = ("users", "personas", "personalities", "llm_configs")
# The columns of each table that every version has, and those that some versions have.
TABLES: Mapping[str, tuple[str, str]] = {
    "users": ("id discord_id", "username global_persona_id"),
    "personas": (
        "id",
        "name description content preferred_name pronouns owner_id is_global",
    ),
    "personalities": (
        "id name",
        "display_name slug avatar_url system_prompt_id llm_config_id character_info "
        "personality_traits personality_tone personality_age personality_likes "
        "personality_dislikes conversational_goals conversational_examples custom_fields "
        "voice_enabled voice_settings image_enabled image_settings memory_enabled "
        "context_window_size",
    ),
    "llm_configs": (
        "id model",
        "name description vision_model temperature top_p top_k frequency_penalty "
        "presence_penalty repetition_penalty max_tokens memory_score_threshold memory_limit",
    ),
    "system_prompts": ("id name", "description content is_default"),
    "personality_owners": ("personality_id user_id", "role"),
    "user_personality_settings": ("id user_id personality_id", "persona_id llm_config_id"),
    "activated_channels": ("id channel_id personality_id", "guild_id created_by"),
    "conversation_history": (
        "id channel_id personality_id role content created_at",
        "user_id guild_id persona_id token_count discord_message_id deleted_at",
    ),
}
# Tables and columns of later versions, all of which may be missing.
LATER_TABLES: Mapping[str, tuple[str, str]] = {
    "user_default_personas": ("user_id persona_id", ""),
    "personality_default_configs": ("personality_id llm_config_id", ""),
    "personality_aliases": ("alias personality_id", "id user_id"),
    "channel_settings": (
        "id channel_id activated_personality_id",
        "guild_id created_by auto_respond",
    ),
    "memories": (
        "id personality_id content",
        "persona_id channel_id guild_id session_id is_locked visibility embedding",
    ),
}
LATER_COLUMNS: Mapping[str, str] = {
    "users": "default_persona_id timezone",
    "personalities": "owner_id personality_appearance avatar_data",
    "llm_configs": "advanced_parameters owner_id is_global is_default provider",
}
RENAMED_TABLES = {"user_personality_settings": "user_personality_configs"}
# What stands in for a table or column of the first version in a later one.
_STANDS_IN: Mapping[str, tuple[str, ...]] = {
    "users.global_persona_id": ("users.default_persona_id", "user_default_personas"),
    "personas.is_global": ("personas.owner_id",),
    "personalities.llm_config_id": ("personality_default_configs",),
    "personalities.avatar_url": ("personalities.avatar_data",),
    "activated_channels": ("channel_settings",),
    "activated_channels.guild_id": ("conversation_history.guild_id",),
    "conversation_history.user_id": ("conversation_history.persona_id",),
    **{f"llm_configs.{each}": ("llm_configs.advanced_parameters",) for each in PARAMETERS},
}


def is_replaced(lack: str, existing: Mapping[str, Iterable[str]]) -> bool:
    """Whether a later shape keeps what a missing `table` or `table.column` held."""
    present = {*existing, *(f"{table}.{each}" for table in existing for each in existing[table])}
    return any(each in present for each in _STANDS_IN.get(lack, ()))


async def canonical_rows(table: str, read: RowReader) -> list[Row]:
    """Return the rows of a table as the first version would have kept them."""
    rows = await read(table)
    if table == "users":
        defaults = {
            row["user_id"]: row["persona_id"] for row in await read("user_default_personas")
        }
        return [_user(row, defaults) for row in rows]
    if table == "personalities":
        defaults = {
            row["personality_id"]: row["llm_config_id"]
            for row in await read("personality_default_configs")
        }
        return [_personality(row, defaults) for row in rows]
    if table == "llm_configs":
        return [_config(row) for row in rows]
    if table == "activated_channels":
        settings = await read("channel_settings")
        return [*rows, *(_channel(row) for row in settings if _is_active(row))]
    return rows


def _user(row: Row, defaults: Mapping[str, str]) -> Row:
    default = row.get("global_persona_id") or row.get("default_persona_id")
    return {**row, "global_persona_id": default or defaults.get(row["id"])}


def _personality(row: Row, defaults: Mapping[str, str]) -> Row:
    config_id = row.get("llm_config_id") or defaults.get(row["id"])
    fields: Any = row.get("custom_fields")
    appearance = row.get("personality_appearance")
    if appearance and (fields is None or isinstance(fields, dict)):
        fields = {"appearance": appearance, **cast("dict[str, Any]", fields or {})}
    return {**row, "llm_config_id": config_id, "custom_fields": fields}


def _config(row: Row) -> Row:
    """Return a config with the parameters of its document; those of its own columns win."""
    document: Any = row.get("advanced_parameters")
    if not isinstance(document, dict):
        return row
    parameters = {
        _snake_case(name): value for name, value in cast("dict[str, Any]", document).items()
    }
    own = {name: value for name, value in row.items() if value is not None}
    unknown = {
        name: value for name, value in parameters.items() if name not in PARAMETERS and value
    }
    return {**row, **parameters, **own, "unknown_parameters": sorted(unknown)}


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _is_active(row: Row) -> bool:
    return bool(row.get("activated_personality_id")) and row.get("auto_respond") is not False


def _channel(row: Row) -> Row:
    return {**row, "personality_id": row["activated_personality_id"]}
