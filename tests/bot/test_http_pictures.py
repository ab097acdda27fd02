"""The admin API: files, uploads, and what is made of them."""

from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientSession
from sqlalchemy import update

from db.models import Character, LlmConfig, Photo
from db.session import Sessions
from services.media import FolderStore
from services.people import get_or_create_user
from tests.bot.http_support import path_of, post
from tests.services.character_support import OWNER
from tests.services.publishing_support import create_personality
from tests.vendors.replicate import painted


async def test_links_to_files_are_good_for_whoever_has_them(
    api: ClientSession, store: FolderStore
) -> None:
    picture = painted("p")
    await store.put("characters/a.jpg", picture, media_type="image/jpeg")
    for_good = path_of(store.public_url("characters/a.jpg"))
    gone = path_of(store.public_url("characters/b.jpg"))

    async with api.get(for_good, headers={"Authorization": ""}) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.read() == picture
    async with api.get(gone) as answer:
        assert answer.status == 404
    other = for_good.replace("a.jpg", "b.jpg")
    for bad in (other, "/media/characters/a.jpg", "/media/.secret?signature=x"):
        async with api.get(bad) as answer:
            assert answer.status == 403, bad


async def test_a_picture_is_uploaded_by_a_link_for_its_type_and_size(
    api: ClientSession, store: FolderStore
) -> None:
    picture = painted("p")
    response_status, answer = await post(
        api, "/uploads/presign", content_type="image/jpeg", size=len(picture)
    )
    link = path_of(answer["url"])

    async def put(data: bytes, kind: str = "image/jpeg", to: str = link) -> int:
        async with api.put(
            to, data=data, headers={"Content-Type": kind, "Authorization": ""}
        ) as answer:
            return answer.status

    assert response_status == 201
    assert await put(picture + b"x") == 400
    assert await put(picture, "image/png") == 400
    assert await put(b"<html>".ljust(len(picture))) == 415
    assert await put(picture, to=link.replace("size=", "size=1")) == 403
    assert await put(picture, to=path_of(store.public_url(answer["key"]))) == 403
    expired = await store.presigned_put(
        answer["key"], media_type="image/jpeg", size=len(picture), seconds=-1
    )
    assert await put(picture, to=path_of(expired)) == 403
    assert await put(picture, to=link.replace("expires=1", "expires=2")) == 403
    assert [each async for each in store.list_objects("uploads/")] == []
    assert await put(picture) == 201
    assert await store.get(answer["key"]) == picture


async def upload(api: ClientSession, picture: bytes) -> str:
    """Upload a picture by a link, and return its key."""
    _, answer = await post(api, "/uploads/presign", content_type="image/jpeg", size=len(picture))
    async with api.put(
        path_of(answer["url"]), data=picture, headers={"Content-Type": "image/jpeg"}
    ) as put:
        assert put.status == 201
    return answer["key"]


async def test_an_uploaded_photo_becomes_a_character(
    api: ClientSession, sessions: Sessions
) -> None:
    wanted = {"name": "Ada", "gender": "female", "style": "ink", "pictures": 2}
    key = await upload(api, painted("photo", (900, 1200)))
    async with sessions.begin() as session:
        await get_or_create_user(session, OWNER)
        await session.execute(update(LlmConfig).values(vision_model="openai/gpt-6-luna"))

    drawn, answer = await post(api, "/characters", owner="1", upload=key, **wanted)
    again, taken = await post(api, "/characters", owner="1", upload=key, **wanted)
    unknown, nobody = await post(api, "/characters", owner="404", upload=key, **wanted)
    missing, _ = await post(
        api, "/characters", owner="1", upload=f"uploads/{UUID(int=0)}.png", **wanted | {"name": "B"}
    )
    nonsense, _ = await post(api, "/characters", owner="Alice", upload=key, **wanted)

    assert (drawn, again, unknown, missing, nonsense) == (202, 409, 404, 404, 422)
    assert "Ada" in taken["error"]
    assert "404 has used this bot" in nobody["error"]
    async with sessions() as session:
        character = await session.get_one(Character, UUID(answer["character"]))
        assert (character.name, character.status) == ("Ada", "draft")


async def test_uploaded_photos_come_into_a_library_once(
    api: ClientSession, sessions: Sessions
) -> None:
    ada = await create_personality(sessions)
    key = await upload(api, painted("photo", (900, 1200)))

    status, answer = await post(
        api, "/photos", personality="Ada", uploads=[key, key, "uploads/../x.png"]
    )
    nobody, _ = await post(api, "/photos", personality="Zed", uploads=[key])

    outcomes = [each["outcome"] for each in answer["results"]]
    assert (status, nobody) == (200, 404)
    assert outcomes == ["added", "duplicate", "refused"]
    assert answer["results"][0]["photo"] == answer["results"][1]["photo"]
    assert answer["results"][2]["reason"]
    async with sessions() as session:
        photo = await session.get_one(Photo, UUID(answer["results"][0]["photo"]))
        assert photo.personality_id == ada.id


@pytest.mark.parametrize(
    "body",
    [
        {"content_type": "text/html", "size": 5},
        {"content_type": "image/svg+xml", "size": 5},
        {"content_type": "image/png", "size": 0},
        {"content_type": "image/png", "size": 10**9},
        {"content_type": "image/png"},
        {"content_type": "image/png", "size": 5, "key": "../x"},
    ],
)
async def test_only_pictures_of_some_size_may_be_uploaded(
    api: ClientSession, body: dict[str, Any]
) -> None:
    status, answer = await post(api, "/uploads/presign", **body)

    assert (status, bool(answer["error"])) == (422, True)
