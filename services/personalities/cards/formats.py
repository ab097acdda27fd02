"""Formats of other programs, each read into the fields of a card.

What has no field stays in `extensions`, under the name of its format.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from services.personalities.cards.fields import OWN
from services.personalities.errors import NotACard

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """A format: how it is recognized, and how its fields are read."""

    name: str
    is_this: Callable[[Body], bool]
    read: Callable[[Body], dict[str, Any]]


def convert(root: Body) -> dict[str, Any] | None:
    """Return a V3 card of a document in another format; None if it is in none of them.

    Raises:
        NotACard: It is something else that is known.
    """
    _refuse_others(root)
    for each in FORMATS:
        if each.is_this(root):
            data = each.read(root)
            extensions = {**data.pop("extensions", {}), each.name: root}
            return {
                "spec": "chara_card_v3",
                "spec_version": "3.0",
                "data": {**data, "extensions": extensions},
            }
    return None


def _refuse_others(root: Body) -> None:
    """Refuse, by name, what is no character."""
    entries = root.get("entries")
    is_book = root.get("spec") == "lorebook_v3" or root.get("kind") == "memory"
    is_list_of_entries = isinstance(entries, (dict, list)) and "first_mes" not in root
    if is_book or is_list_of_entries or "lorebookVersion" in root or root.get("type") == "risu":
        raise NotACard("a lorebook: `/lore import` reads it")
    if {"chat_metadata", "user_name"} & root.keys():
        raise NotACard("a conversation, and no character")


def _child(body: Body, name: str) -> Body:
    value = body.get(name)
    return cast("Body", value) if isinstance(value, dict) else {}


def _renamed(body: Body, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a card by the names that a format has for them."""
    return {field: body[name] for name, field in names.items() if body.get(name) is not None}


def _own(body: Body, names: Mapping[str, str]) -> dict[str, Any]:
    return {OWN: {field: body[name] for name, field in names.items() if body.get(name)}}


_PYGMALION = {
    "char_name": "name",
    "char_persona": "description",
    "char_greeting": "first_mes",
    "world_scenario": "scenario",
    "example_dialogue": "mes_example",
}
_AGNAI = {
    "name": "name",
    "description": "creator_notes",
    "greeting": "first_mes",
    "scenario": "scenario",
    "sampleChat": "mes_example",
    "alternateGreetings": "alternate_greetings",
    "systemPrompt": "system_prompt",
    "postHistoryInstructions": "post_history_instructions",
    "characterBook": "character_book",
    "creator": "creator",
    "characterVersion": "character_version",
    "tags": "tags",
}
_CHARACTER_AI = {
    "name": "name",
    "greeting": "first_mes",
    "definition": "mes_example",
}
_TZUROT = {
    "name": "name",
    "characterInfo": "description",
    "personalityTraits": "personality",
    "conversationalExamples": "mes_example",
    "displayName": "nickname",
}
_TZUROT_OWN = {
    "personalityTone": "personality_tone",
    "personalityAge": "personality_age",
    "personalityLikes": "personality_likes",
    "personalityDislikes": "personality_dislikes",
    "conversationalGoals": "conversational_goals",
}
_SHAPES = {
    "name": "name",
    "user_prompt": "description",
    "jailbreak": "system_prompt",
    "personality_traits": "personality",
    "personality_conversational_examples": "mes_example",
}
_SHAPES_OWN = {
    "personality_tone": "personality_tone",
    "personality_age": "personality_age",
    "personality_likes": "personality_likes",
    "personality_dislikes": "personality_dislikes",
    "personality_conversational_goals": "conversational_goals",
}


def _read_agnai(root: Body) -> dict[str, Any]:
    """Return the fields of a character of Agnaistic, whose persona is a list of attributes."""
    persona = _child(root, "persona")
    attributes = _child(persona, "attributes")
    lines: list[str] = []
    for name, values in attributes.items():
        texts = cast("list[Any]", values) if isinstance(values, list) else [values]
        text = ", ".join(str(each) for each in texts if isinstance(each, (str, int)))
        if text:
            lines.append(text if name == "text" else f"{name}: {text}")
    if isinstance(root.get("persona"), str):
        lines.append(str(root["persona"]))
    data = {**_renamed(root, _AGNAI), "description": "\n".join(lines)}
    insert = _child(root, "insert")
    if insert.get("prompt"):
        data["extensions"] = {"depth_prompt": {"depth": 4, "role": "system", **insert}}
    return data


def _read_character_ai(root: Body) -> dict[str, Any]:
    character = _child(root, "character")
    texts = [str(character[name]) for name in ("title", "description") if character.get(name)]
    return {**_renamed(character, _CHARACTER_AI), "description": "\n".join(texts)}


def _with_appearance(data: dict[str, Any], appearance: Any) -> dict[str, Any]:
    if isinstance(appearance, str) and appearance.strip():
        description = data.get("description") or ""
        data["description"] = f"{description}\n\nAppearance: {appearance}".strip()
    return data


def _read_tzurot(root: Body) -> dict[str, Any]:
    data = {**_renamed(root, _TZUROT), "extensions": _own(root, _TZUROT_OWN)}
    return _with_appearance(data, root.get("personalityAppearance"))


def _read_shapes(root: Body) -> dict[str, Any]:
    shape = _child(root, "config") or root
    data = {**_renamed(shape, _SHAPES), "extensions": _own(shape, _SHAPES_OWN)}
    return _with_appearance(data, shape.get("personality_appearance"))


FORMATS = (
    Format(
        "pygmalion",
        lambda root: "char_name" in root,
        lambda root: _renamed(root, _PYGMALION),
    ),
    Format(
        "agnai",
        lambda root: root.get("kind") == "character" or ("sampleChat" in root and "name" in root),
        _read_agnai,
    ),
    Format(
        "character_ai",
        lambda root: bool({"greeting", "definition"} & _child(root, "character").keys()),
        _read_character_ai,
    ),
    Format("tzurot", lambda root: "characterInfo" in root, _read_tzurot),
    Format(
        "shapes",
        lambda root: "user_prompt" in (_child(root, "config") or root),
        _read_shapes,
    ),
)
