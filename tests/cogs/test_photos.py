"""`/photos`, as owners of libraries use it on Discord."""

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

from db.models import Photo
from db.session import Sessions
from services.embeddings import ImageEmbeddings, LocalImageEmbedder
from services.llm import PRICES, Ledger
from services.photos import EmbedPhotoHandler
from tests.cogs.concurrent import actor, invent
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, fields, press, suggestions
from tests.services.character_support import nothing_due
from tests.services.job_support import working
from tests.services.photo_files import coded, hostile, photo, scene, zipped


async def import_photos(house: House, **files: Any) -> Any:
    attachments = {name: (f"{name}.jpg", data) for name, data in files.items()}
    renamed = dict(
        zip(("file", "file2", "file3", "file4", "file5"), attachments.values(), strict=False)
    )
    return await house.alice.slash(house.lobby, "photos import", personality="Ada", **renamed)


@pytest.fixture
async def ada(house: House) -> House:
    await invent(house, house.alice, "Ada")
    return house


async def test_attachments_come_into_a_library_each_once(ada: House) -> None:
    coarse = coded(scene(1).resize((200, 150)), quality=50)

    imported = await import_photos(
        ada, a=photo(1), b=photo(2), again=photo(1), near=coarse, broken=b"\xff\xd8\xffno"
    )
    listed = await ada.alice.slash(ada.lobby, "photos list", personality="Ada")
    sheet = Image.open(io.BytesIO(await answer(listed).attachments[0].read()))

    words = embed(imported).description or ""
    assert "✅ **2** added" in words
    assert "♻️ **1** already there" in words
    assert "≈ **1** skipped as too similar to another" in words
    assert "❌ **1** refused" in words
    assert fields(imported)["Skipped"] == "**near.jpg** is similar to **a.jpg**"
    assert "**broken.jpg** is not an image I can read" in (fields(imported)["Refused"] or "")
    assert {"a.jpg", "b.jpg"} == {
        line.partition(" ")[2] for line in (embed(listed).description or "").splitlines()
    }
    assert sheet.size == (2 * 312 + 12, 312 + 12)


async def test_a_zip_comes_in_as_what_is_in_it(ada: House) -> None:
    files = {f"trip/{number}.jpg": photo(number) for number in range(11)}
    packed = zipped({**files, **{f"bad/{name}": data for name, data in hostile().items()}})

    imported = await ada.alice.slash(
        ada.lobby, "photos import", personality="Ada", file=("trip.zip", packed), ai_made=True
    )
    listed = await ada.alice.slash(ada.lobby, "photos unscheduled", personality="Ada")
    first = embed(listed)
    await ada.alice.click(answer(listed), label="Next")
    second = embed(listed)

    assert "✅ **11** added" in (embed(imported).description or "")
    assert f"❌ **{len(hostile())}** refused" in (embed(imported).description or "")
    assert "… and 10 more" in (fields(imported)["Refused"] or "")
    assert first.footer.text == "11 photos · page 1 of 2"
    assert len((second.description or "").splitlines()) == 2


async def test_a_zip_that_is_none_is_said_and_the_others_come_in(ada: House) -> None:
    broken = zipped({"a.jpg": photo(1)})[:200]

    imported = await ada.alice.slash(
        ada.lobby,
        "photos import",
        personality="Ada",
        file=("trip.zip", broken),
        file2=("b.jpg", photo(2)),
    )

    assert "✅ **1** added" in (embed(imported).description or "")
    assert "**trip.zip** is not a zip archive I can read." in (fields(imported)["Refused"] or "")


async def test_a_photo_is_looked_at_and_described(ada: House) -> None:
    await import_photos(ada, a=photo(1))

    seen = await ada.alice.slash(ada.lobby, "photos view", photo="a.jpg")
    form = await ada.alice.click(answer(seen), label="Describe")
    await ada.alice.submit_modal(form, {"alt_text": "Colours in **squares**."})
    again = await ada.alice.slash(ada.lobby, "photos view", photo="a.jpg")

    assert fields(seen)["Size"] == "320 × 240"
    assert [each.filename for each in answer(seen).attachments] == ["photo.jpg"]
    assert embed(again).description == "Colours in **squares**."


async def test_a_photo_is_chosen_from_the_library(ada: House) -> None:
    await import_photos(ada, a=photo(1), b=photo(2))

    listed = await ada.alice.slash(ada.lobby, "photos list", personality="Ada")
    stored = await ada.services.photos.find(actor(ada.alice), "b.jpg")
    seen = await ada.alice.select(answer(listed), [str(stored.id)])

    assert embed(seen).title == "b.jpg"


async def test_what_is_alike_is_found(ada: House, sessions: Sessions) -> None:
    await import_photos(ada, a=photo(1), b=photo(2), c=photo(3))
    looking = EmbedPhotoHandler(
        sessions,
        ada.studio.store,
        ImageEmbeddings(Ledger(sessions, PRICES), LocalImageEmbedder()),
    )
    async with working(sessions, looking):
        await nothing_due(sessions)

    matches = await ada.alice.slash(ada.lobby, "photos similar", photo="a.jpg")

    first, *others = (embed(matches).description or "").splitlines()
    assert first == "**1** a.jpg"
    assert len(others) == 2
    assert all("% similar" in line for line in others)


async def test_words_find_what_is_said_of_a_photo(ada: House) -> None:
    await import_photos(ada, a=photo(1), b=photo(2))
    stored = await ada.services.photos.find(actor(ada.alice), "b.jpg")
    await ada.services.photos.set_alt_text(actor(ada.alice), stored.id, "A lighthouse")

    hits = await ada.alice.slash(ada.lobby, "photos search", personality="Ada", text="lighthouse")
    none = await ada.alice.slash(ada.lobby, "photos search", personality="Ada", text="& | '")

    assert "b.jpg" in (embed(hits).description or "")
    assert "by name, alt text and caption" in (embed(hits).title or "")
    assert "Nothing here yet" in (embed(none).description or "")


async def test_photos_are_suggested_to_their_owners_alone(ada: House) -> None:
    await import_photos(ada, lamp=photo(1), door=photo(2))

    alices = await suggestions(ada, ada.alice, "photos view", "photo", "la")
    others = await suggestions(ada, ada.bob, "photos view", "photo", "la")

    assert [each.partition(" · ")[0] for each in alices] == ["lamp.jpg"]
    assert others == []


async def test_a_deleted_photo_is_gone(ada: House) -> None:
    await import_photos(ada, a=photo(1))

    gone = await press(ada, ada.alice, "Delete", "photos delete", photo="a.jpg")
    listed = await ada.alice.slash(ada.lobby, "photos list", personality="Ada")

    assert content_of(gone) == "**a.jpg** is gone."
    assert "Nothing here yet" in (embed(listed).description or "")


async def test_hostile_names_stay_names(ada: House, sessions: Sessions) -> None:
    await import_photos(ada, a=photo(1))
    name = "@everyone **[x](https://evil.example)** `" + "ä" * 200 + ".jpg"
    async with sessions.begin() as session:
        await session.execute(update(Photo).values(file_name=name))

    listed = await ada.alice.slash(ada.lobby, "photos list", personality="Ada")
    (suggested,) = await suggestions(ada, ada.alice, "photos view", "photo", "")
    seen = await ada.alice.slash(ada.lobby, "photos view", photo=name)

    assert "\\*\\*" in (embed(listed).description or "")
    assert len(suggested) <= 100
    assert len(embed(seen).title or "") <= 256
