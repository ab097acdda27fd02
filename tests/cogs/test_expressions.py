"""Expressions of personalities: the face changes with what is said."""

import json
from datetime import timedelta
from typing import Any

import discord
import pytest
from sqlalchemy import delete, update

from db.models import Personality, Visibility
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.faces import MAX_EXPRESSIONS, FaceChooser, FaceHosting, FaceService
from services.faces.expressions import choose
from services.personalities import cards
from tests.cogs.concurrent import actor, invent
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, lines, shown
from tests.cogs.test_cards import ZED, import_card
from tests.cogs.test_faces import picture, with_assets
from tests.fakes import FakeFaceHost
from tests.services.test_card_formats import archive

NAMES = ["happy", "angry", "Sad_2", "laughing", "wütend", "neutral"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("*smiles* You came.", "happy"),
        ("*she grins and pours tea*", "happy"),
        ("*still grinning, she nods*", "happy"),
        ("*cries into her sleeve*", "Sad_2"),
        ("Get out! *slams the ledger, glaring*", "angry"),
        ("She is angry at the sea, I think. *smiles softly*", "happy"),
        ("hahaha, no way", "laughing"),
        ("😭 they left", "Sad_2"),
        ("*ist wütend*", "wütend"),
        ("The saddle is on the table.", None),
        ("The lamp turns.", None),
        ("", None),
        ("**smiles** at noon", "happy"),
        ("*" * 5000, None),
        ("*a" * 5000, None),
    ],
)
def test_the_expression_fits_what_is_said(text: str, name: str | None) -> None:
    assert choose(text, NAMES) == name


def test_a_name_of_its_own_is_found_in_the_text_and_nonsense_fits_nothing() -> None:
    assert choose("*polishes the lamp*", ["lamp", "happy"]) == "lamp"
    assert choose("*smiles*", ["", "_", "!!", "\u202e"]) is None
    assert choose("*smiles*", []) is None


async def add(house: House, name: str, *, to: str = "Ada", **options: Any) -> str:
    given = await house.alice.slash(
        house.lobby,
        "personality avatar",
        personality=to,
        picture=("me.png", picture()),
        expression=name,
        **options,
    )
    return content_of(given) or shown(given)


def avatars(house: House) -> list[str | None]:
    """Return the avatars with which personalities have spoken."""
    return [
        each.json.get("avatar_url")
        for each in house.env.http_requests
        if each.method == "POST"
        and "/webhooks/" in each.path
        and each.json
        and "username" in each.json
    ]


async def test_the_face_of_a_message_is_the_one_that_fits_it(house: House) -> None:
    await invent(house, house.alice, "Ada")
    added = await add(house, "happy")
    await add(house, "angry")
    for said in ("*smiles* Sit.", "*glares* Out.", "The lamp turns.", "*grins*"):
        house.openai.says(said)
        await house.alice.send(house.lobby, "@Ada hello there")

    happy, angry, main, again = avatars(house)
    emojis = {each.url for each in await house.bot.fetch_application_emojis()}
    assert added.startswith("**Ada** has 1 expression: happy.")
    assert main is None
    assert happy == again != angry
    assert {str(each).partition("?")[0] for each in (happy, angry)} == emojis


async def test_a_card_brings_its_expressions(house: House) -> None:
    assets = [
        {"type": "emotion", "name": "joy", "uri": "embeded://j.png", "ext": "png"},
        {"type": "emotion", "name": "n" * 200, "uri": "embeded://j.png", "ext": "png"},
        {"type": "emotion", "name": "main", "uri": "embeded://j.png", "ext": "png"},
        {"type": "emotion", "name": "broken", "uri": "embeded://b.png", "ext": "png"},
        {"type": "emotion", "name": "gone", "uri": "embeded://../../x.png", "ext": "png"},
    ]
    files = {"j.png": picture(), "b.png": b"no picture"}

    brought = await import_card(house, "zed.charx", archive(with_assets(*assets), **files))
    listed = await house.alice.slash(house.lobby, "personality expressions", personality="Zed")

    notes = answer(brought).embeds[1].description or ""
    assert shown(listed).startswith(f"**Zed** has 2 expressions: joy, {'n' * 32}.")
    assert "**broken** could not be used" in notes
    assert "**gone** could not be used" in notes
    assert "**main** could not be used" in notes


async def test_what_a_card_has_too_many_of_is_said(house: House) -> None:
    assets = [
        {"type": "emotion", "name": f"look {number}", "uri": "embeded://j.png", "ext": "png"}
        for number in range(MAX_EXPRESSIONS + 2)
    ]

    brought = await import_card(
        house, "zed.charx", archive(with_assets(*assets), **{"j.png": picture(64, 64)})
    )

    notes = answer(brought).embeds[1].description or ""
    assert "**look 11**" not in notes
    assert notes.count("A personality has 12 expressions at most.") == 2


async def test_expressions_are_removed_and_limited(house: House) -> None:
    ada = await invent(house, house.alice, "Ada")
    for number in range(MAX_EXPRESSIONS):
        await house.services.faces.set_expression(
            actor(house.alice), ada.id, f"look {number}", picture()
        )
    full = await add(house, "one more")
    replaced = await add(house, "LOOK 3")
    nameless = await house.alice.slash(
        house.lobby, "personality avatar", personality="Ada", expression="sad"
    )
    reserved = await add(house, "main")
    removed = await house.alice.slash(
        house.lobby, "personality expressions", personality="Ada", remove="look 3"
    )
    unknown = await house.alice.slash(
        house.lobby, "personality expressions", personality="Ada", remove="look 3"
    )

    assert full == "A personality has 12 expressions at most."
    assert "LOOK 3" in replaced
    assert content_of(nameless) == "Give a `picture` or a `photo` of the expression."
    assert reserved == "An expression cannot be called **main**."
    assert "**Ada** has 11 expressions" in shown(removed)
    assert content_of(unknown).startswith("There is no expression called **look 3**")


async def publish(sessions: Sessions, name: str) -> None:
    async with sessions.begin() as session:
        await session.execute(
            update(Personality)
            .where(Personality.name == name)
            .values(
                visibility=Visibility.PUBLIC,
                public_version=Personality.version,
                nsfw_rating="safe",
                gender="unknown",
                headline="x",
                public_name=name,
                published_at=Personality.created_at,
            )
        )


async def test_what_is_public_keeps_its_face_and_expressions(
    house: House, sessions: Sessions
) -> None:
    await invent(house, house.alice, "Ada")
    await house.alice.slash(
        house.lobby, "personality avatar", personality="Ada", picture=("me.png", picture())
    )
    await publish(sessions, "Ada")

    late = await add(house, "happy")
    await house.alice.slash(
        house.lobby, "personality avatar", personality="Ada", picture=("me.png", picture())
    )
    await house.bob.send(house.lobby, "@Ada hello")
    await house.alice.send(house.lobby, "@Ada hello there")

    assert "cannot change until `/publish unpublish`" in late
    public, own = avatars(house)
    emojis = {each.url for each in await house.bot.fetch_application_emojis()}
    assert {str(each).partition("?")[0] for each in (public, own)} == emojis
    assert len(emojis) == 2


async def test_a_face_that_made_room_comes_back_when_its_personality_speaks(
    house: House, sessions: Sessions
) -> None:
    host = FakeFaceHost(room=1)
    store = house.studio.store
    hosting = FaceHosting(sessions, store, host)
    chooser = FaceChooser(sessions, store, hosting)
    services = house.services
    faces = FaceService(sessions, house.studio, services.personalities, hosting, services.models)
    ada = await invent(house, house.alice, "Ada")
    zed = await invent(house, house.alice, "Zed")
    for each in (ada, zed):
        await faces.set_face(actor(house.alice), each.id, picture())
    await faces.set_expression(actor(house.alice), zed.id, "happy", picture())

    async def face_of(personality_id: Any, text: str = "The lamp turns.") -> str | None:
        async with sessions() as session:
            personality = await session.get_one(Personality, personality_id)
        return (await chooser.speaker(personality, text)).avatar_url

    zeds = await face_of(zed.id)
    assert zeds == await face_of(zed.id, "*smiles*")  # no face goes for an expression
    adas = await face_of(ada.id)
    assert adas is not None
    assert adas == await face_of(ada.id)
    assert await face_of(zed.id) not in (None, zeds)
    assert len(host.pictures) == 1


async def test_the_cast_has_faces_and_expressions_of_its_own(
    house: House, sessions: Sessions
) -> None:
    await house.services.cast_faces.add()
    await house.services.cast_faces.add()
    house.openai.says("*smiles* Sit.", "The lamp turns.")
    await house.bob.send(house.lobby, "@Mirela hello")
    await house.alice.send(house.lobby, "@Mirela hello")
    viewed = await house.bob.slash(house.lobby, "discover view", personality="Mirela")

    happy, main = avatars(house)
    assert (happy or "") != (main or "")
    assert embed(viewed).thumbnail.url == main
    assert len(await house.bot.fetch_application_emojis()) == 4


async def test_an_archive_has_faces_versions_and_ones_own_memories_if_wanted(
    house: House, embedder: WordLlamaEmbedder
) -> None:
    await import_card(house, "zed.json", json.dumps(ZED).encode())
    given = picture()
    await house.alice.slash(
        house.lobby, "personality avatar", personality="Zed", picture=("me.png", given)
    )
    await add(house, "happy", to="Zed")
    for who in (house.alice, house.bob):
        await who.send(house.lobby, f"@Zed I am {who.user.name} and like ships")

    async def export(**options: Any) -> cards.Card:
        exported = await house.alice.slash(
            house.lobby, "personality export", personality="Zed", kind="charx", **options
        )
        (file,) = answer(exported).attachments
        return cards.read(await file.read())

    plain, full = await export(), await export(memories=True)
    again = await house.alice.slash(
        house.lobby, "personality import", card=("zed.charx", plain.file or b"")
    )

    assert cards.face_of(plain.document, plain.file) is not None
    assert [name for name, _ in cards.expressions_of(plain.document, plain.file, limit=9)] == [
        "happy"
    ]
    troupe = plain.body["extensions"]["troupe"]
    assert [each["number"] for each in troupe["versions"]] == [2, 1]
    assert "memories" not in troupe
    told = json.dumps(full.body["extensions"]["troupe"]["memories"])
    assert "alice" in told.lower()
    assert "bob" not in told.lower()
    assert embed(again).thumbnail.url
    listed = await house.alice.slash(house.lobby, "personality list")
    assert len([line for line in lines(listed) if "Zed" in line]) == 2


async def test_emoji_of_those_who_are_gone_for_good_are_removed(
    house: House, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await import_card(house, "zed.json", json.dumps(ZED).encode())
    await house.alice.slash(
        house.lobby, "personality avatar", personality="Zed", picture=("me.png", picture())
    )
    await house.services.cast_faces.add()
    await house.bot.create_application_emoji(name="party", image=picture(64, 64))
    async with sessions.begin() as session:
        await session.execute(delete(Personality).where(Personality.name == "Zed"))

    await house.services.faces.remove_orphans()
    young = len(await house.bot.fetch_application_emojis())
    later = discord.utils.utcnow() + timedelta(hours=2)
    monkeypatch.setattr(discord.utils, "utcnow", lambda: later)
    await house.services.faces.remove_orphans()

    left = [each.name for each in await house.bot.fetch_application_emojis()]
    assert (young, len(left)) == (5, 4)
    assert "party" in left
