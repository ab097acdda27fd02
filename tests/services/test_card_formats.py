"""Every field of a card, in every file that carries one, and where it ends up in a prompt."""

import base64
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from db.models import ConversationLine, Persona, Personality, Role
from services.chat.prompt import PromptContext, build
from services.llm import ChatMessage
from services.personalities import CardNoteKind, CardTooLarge, NotACard, cards
from services.personalities.card_notes import notes_of
from services.personalities.definition import adapt
from tests.services.test_cards import chunk, png, text

FIELDS: dict[str, Any] = {
    "name": "Orla Quill",
    "description": "DESCRIPTION of {{char}}",
    "personality": "PERSONALITY",
    "scenario": "SCENARIO",
    "first_mes": "FIRST",
    "mes_example": "<START>\n{{user}}: hm?\n{{char}}: EXAMPLE",
    "creator_notes": "NOTES",
    "system_prompt": "SYSTEM {{original}}",
    "post_history_instructions": "CLOSING",
    "alternate_greetings": ["SECOND", "THIRD"],
    "tags": ["TAG"],
    "creator": "CREATOR",
    "character_version": "VERSION",
    "extensions": {
        "depth_prompt": {"prompt": "DEPTH", "depth": 1, "role": "user"},
        "regex_scripts": [{"scriptName": "SCRIPT"}],
        "talkativeness": "0.9",
        "fav": True,
    },
    "nickname": "Orla",
    "group_only_greetings": ["GROUP"],
    "source": ["SOURCE"],
    "creation_date": 1,
}
V1_FIELDS = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
V3_ONLY = ("nickname", "group_only_greetings", "source", "creation_date")


def card(version: int) -> str:
    """Return the card in a version of the format, with the fields that it has."""
    if version == 1:
        return json.dumps({name: FIELDS[name] for name in V1_FIELDS})
    data = {name: v for name, v in FIELDS.items() if version == 3 or name not in V3_ONLY}
    spec = {"spec": f"chara_card_v{version}", "spec_version": f"{version}.0"}
    return json.dumps({**spec, "data": data})


def archive(document: str, **members: bytes) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
        file.writestr("card.json", document)
    return output.getvalue()


def after_the_picture(document: str) -> bytes:
    whole = png()
    return whole[:-12] + text(b"chara", document) + whole[-12:]


def packed(document: str) -> bytes:
    return zlib.compress(base64.b64encode(document.encode()))


FILES: dict[str, Callable[[str], bytes]] = {
    "JSON": str.encode,
    "JSON with a mark": lambda d: f"\ufeff{d}".encode(),
    "JSON in UTF-16": lambda d: d.encode("utf-16"),
    "PNG": lambda d: png(text(b"chara", d)),
    "PNG with a newer card": lambda d: png(text(b"chara", card(1)), text(b"ccv3", d)),
    "PNG, after the picture": after_the_picture,
    "PNG, zTXt": lambda d: png(chunk(b"zTXt", b"chara\0\0" + packed(d))),
    "PNG, iTXt": lambda d: png(chunk(b"iTXt", b"Chara\0\0\0en\0\0" + base64.b64encode(d.encode()))),
    "PNG, packed iTXt": lambda d: png(chunk(b"iTXt", b"ccv3\0\1\0\0\0" + packed(d))),
    "CharX": lambda d: archive(d, **{"assets/icon/main.png": png(), "x_meta/1.json": b"{}"}),
    "JPEG with a zip": lambda d: b"\xff\xd8\xff\xe0 pixels \xff\xd9" + archive(d),
}


def imported(data: bytes) -> tuple[Personality, list[tuple[CardNoteKind, str]]]:
    """Return a personality as it is imported, with the notes on it."""
    read = cards.read(data)
    columns, shortened = adapt(read.values)
    personality = Personality(slug="x", **columns)
    personality.id = UUID(int=1)
    return personality, [(each.kind, each.subject) for each in notes_of(read, columns, shortened)]


def places(personality: Personality) -> dict[str, str]:
    """Return where in a prompt each word in capitals is."""
    lines = [
        ConversationLine(
            channel_id=1, position=n, guild_id=None, role=Role.USER, personality_id=None,
            speaker_name="Bob", content=f"line {n}", token_count=0,
        )
        for n in (1, 2)
    ]  # fmt: skip
    built = build(
        PromptContext(
            personality=personality,
            system_prompt="OPERATOR",
            persona=Persona(owner_id=UUID(int=2), name="Alice"),
            is_dm=True,
            history=lines,
            memories=[],
            now=datetime(2026, 11, 29, tzinfo=UTC),
            speaker_name="Alice",
            message="hello",
        ),
        token_limit=8000,
    )
    names = {0: "definition", len(built.messages) - 1: "end"}
    found: dict[str, str] = {}
    for number, message in enumerate(built.messages):
        place = names.get(number, f"{message.role} before {after(built.messages, number)}")
        for word in message.content.replace("\n", " ").split(" "):
            if word.isupper() and len(word) > 3:
                found[word.strip(".,:")] = place
    return found


def after(messages: tuple[ChatMessage, ...], number: int) -> str:
    following = messages[number + 1].content if number + 1 < len(messages) else ""
    return "the conversation" if "begins" in following else "the last message"


IN_V1 = {
    "DESCRIPTION": "definition",
    "PERSONALITY": "definition",
    "SCENARIO": "definition",
    "EXAMPLE": "assistant before the conversation",
}
IN_V2 = {
    **IN_V1,
    "SYSTEM": "definition",
    "OPERATOR": "definition",
    "CLOSING": "end",
    "DEPTH": "user before the last message",
}
# In no prompt: what is said first, and what is for people who choose or maintain a card.
UNUSED = {(CardNoteKind.UNUSED, "regex_scripts"), (CardNoteKind.UNUSED, "talkativeness")}


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("file", FILES)
def test_every_field_of_every_file_is_where_it_belongs(file: str, version: int) -> None:
    data = FILES[file](card(version))

    personality, notes = imported(data)

    own = {word: place for word, place in places(personality).items() if word != "UTC"}
    assert own == ({**IN_V1, "OPERATOR": "definition"} if version == 1 else IN_V2)
    assert set(notes) == (set() if version == 1 else UNUSED)
    assert personality.first_message == "FIRST"
    if version > 1:
        assert personality.alternate_greetings == ["SECOND", "THIRD"]
        assert personality.creator_notes == "NOTES"
    assert personality.group_greetings == (["GROUP"] if version == 3 else [])
    assert personality.nickname == ("Orla" if version == 3 else None)


AGNAI = {
    "kind": "character",
    "name": "Orla",
    "description": "NOTES",
    "persona": {"kind": "boostyle", "attributes": {"hair": ["red", "long"], "text": ["A baker."]}},
    "greeting": "Hi!",
    "sampleChat": "{{char}}: Bread?",
    "scenario": "A shop.",
    "alternateGreetings": ["Hey."],
    "systemPrompt": "Bake.",
    "insert": {"depth": 2, "prompt": "[warm]"},
}
OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "agnai": (
        AGNAI,
        {
            "character_info": "hair: red, long\nA baker.",
            "first_message": "Hi!",
            "conversational_examples": "{{char}}: Bread?",
            "alternate_greetings": ["Hey."],
            "system_prompt_override": "Bake.",
            "depth_note": "[warm]",
            "depth_note_depth": 2,
            "creator_notes": "NOTES",
        },
    ),
    "agnai with a text": (
        {**AGNAI, "persona": "A baker.", "insert": None},
        {"character_info": "A baker.", "depth_note": None},
    ),
    "tzurot": (
        {
            "name": "Orla", "slug": "orla", "displayName": "Orla the Baker",
            "characterInfo": "A baker.", "personalityTraits": "Warm.", "personalityTone": "Soft.",
            "personalityAppearance": "Red hair.", "conversationalGoals": "Feed people.",
        },
        {
            "character_info": "A baker.\n\nAppearance: Red hair.",
            "personality_traits": "Warm.",
            "personality_tone": "Soft.",
            "conversational_goals": "Feed people.",
            "nickname": "Orla the Baker",
        },
    ),
    "shapes": (
        {
            "exportedAt": "2026", "sourceSlug": "orla",
            "config": {
                "name": "Orla", "username": "orla", "jailbreak": "Bake.",
                "user_prompt": "A baker.", "personality_traits": "Warm.",
                "personality_likes": "Rye.",
            },
        },
        {
            "character_info": "A baker.",
            "system_prompt_override": "Bake.",
            "personality_likes": "Rye.",
        },
    ),
    "pygmalion": (
        {"char_name": "Orla", "char_persona": "A baker.", "char_greeting": "Hi!"},
        {"character_info": "A baker.", "first_message": "Hi!"},
    ),
    "character.ai": (
        {"character": {"name": "Orla", "title": "A baker.", "greeting": "Hi!", "definition": "x"}},
        {"character_info": "A baker.", "conversational_examples": "x"},
    ),
    "odd types": (
        {
            "spec": "chara_card_v2", "name": "Orla",
            "data": {
                "name": "", "personality": 3, "mes_example": [], "alternate_greetings": "Hey.",
                "extensions": None, "creator_notes_multilingual": {"en": "NOTES"},
                "character_book": None,
            },
        },
        {"personality_traits": "3", "alternate_greetings": ["Hey."], "creator_notes": "NOTES"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("format_name", OTHERS)
def test_characters_of_other_programs_are_read(format_name: str) -> None:
    document, expected = OTHERS[format_name]

    personality, _ = imported(json.dumps(document).encode())

    assert personality.name == "Orla"
    assert {name: getattr(personality, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8\xff\xe0 only a picture", "a JPEG picture without a character in it"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP picture, which cannot be read: save it as PNG"),
        (b"PK\x03\x04 broken", "an archive that is broken"),
        (archive("{}").replace(b"card.json", b"card.jsom"), "an archive without card.json"),
        (b"rcc||rccv1||x", "an encrypted card of RisuAI: export it there without encryption"),
        (png(chunk(b"tEXt", b"chara\0rcc||rccv1||x")), "an encrypted card of RisuAI: "),
        (b'{"entries": {"0": {"key": ["x"], "content": "y"}}}', "a lorebook: `/lore import`"),
        (b'{"name": "Realm", "entries": [{"keys": ["x"]}]}', "a lorebook: `/lore import`"),
        (b'{"spec": "lorebook_v3", "data": {}}', "a lorebook: `/lore import`"),
        (b'{"user_name": "You", "chat_metadata": {}}', "a conversation, and no character"),
    ],
)
def test_what_is_something_else_is_called_by_its_name(data: bytes, reason: str) -> None:
    with pytest.raises(NotACard) as refused:
        cards.read(data)

    assert refused.value.reason.startswith(reason)


def test_an_archive_cannot_fill_the_memory_or_climb_out() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../etc/card.json", "{}")
        file.writestr("card.json", b" " * 500_000_000)

    with pytest.raises(CardTooLarge):
        cards.read(bomb.getvalue())


def test_a_changed_archive_keeps_everything_else() -> None:
    for before in (b"", b"\xff\xd8\xff\xe0 pixels \xff\xd9"):
        data = before + archive(card(3), **{"assets/a.png": png(), "module.risum": b"m"})

        changed = cards.write_file(data, card(3), card(3).replace("SCENARIO", "ELSEWHERE"))

        assert changed.startswith(before)
        assert cards.read(changed).values["scenario"] == "ELSEWHERE"
        with zipfile.ZipFile(io.BytesIO(changed)) as file:
            assert file.testzip() is None
            assert sorted(file.namelist()) == ["assets/a.png", "card.json", "module.risum"]
        assert cards.write_file(data, card(3), card(3)) == data
