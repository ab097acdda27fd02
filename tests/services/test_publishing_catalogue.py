"""The public catalogue: published versions, search and likes."""

import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from db.models import Personality, PersonalityTag, Tag, Visibility
from db.session import Sessions
from services.chat import resolution as chat
from services.llm import LanguageModels
from services.people import get_or_create_user
from services.personalities import PersonalityService, StillPublic
from services.privacy import PrivacyService
from services.publishing import (
    AlreadyPublic,
    NotPublic,
    PublishingService,
)
from services.publishing.tags import TAGS
from services.seeds import seed
from services.types import Actor
from tests.services.publishing_support import (
    OWNER,
    STRANGER,
    create_personality,
    judge,
    now,
    publish,
)
from tests.vendors.openai import OpenAIStandIn


@pytest.fixture
def service(sessions: Sessions, models: LanguageModels) -> PublishingService:
    return PublishingService(sessions, models)


@pytest.fixture(autouse=True)
def judging(openai: OpenAIStandIn) -> None:
    openai.answer = judge()


async def test_the_shelf_shows_it_with_its_surest_tags_first(
    sessions: Sessions, models: LanguageModels, service: PublishingService
) -> None:
    ada = await create_personality(sessions)
    await publish(sessions, models, ada.id)

    names = [each.personality.public_name for each in await service.browse(age_restricted=False)]
    (entry,) = await service.browse(age_restricted=False, words="SHIPS ada")
    (tagged,) = await service.browse(age_restricted=False, words="counts", tag="Keeper")

    assert {"Ada", "Mirela", "Bex", "Professor Quill"} == set(names)
    assert entry.tags == tagged.tags == [("keeper", 90), ("gruff", 70)]
    assert await service.browse(age_restricted=False, words="100% nobody_") == []
    assert (await service.find("ADA", age_restricted=False)).personality.id == ada.id


async def test_others_meet_the_published_version_and_owners_their_draft(
    sessions: Sessions, models: LanguageModels
) -> None:
    ada = await create_personality(sessions)
    await publish(sessions, models, ada.id)
    await PersonalityService(sessions).edit(OWNER, ada.id, {"character_info": "She sells ships."})

    met: list[tuple[str, int]] = []
    for actor in (OWNER, STRANGER):
        async with sessions.begin() as session:
            resolved = await chat.resolve(
                session, (await get_or_create_user(session, actor)).id, ada.id
            )
            assert resolved is not None
            met.append((resolved.personality.character_info, resolved.personality.version))

    assert met == [("She sells ships.", 2), ("She keeps a lighthouse and counts ships.", 1)]
    assert (await now(sessions, ada.id)).character_info == "She sells ships."


async def test_what_is_public_cannot_change_but_be_taken_back_and_published_anew(
    sessions: Sessions, models: LanguageModels, service: PublishingService
) -> None:
    ada = await create_personality(sessions)
    await publish(sessions, models, ada.id)
    people = PersonalityService(sessions)

    with pytest.raises(AlreadyPublic):
        await service.start(OWNER, ada.id)
    with pytest.raises(StillPublic):
        await people.edit(OWNER, ada.id, {"name": "Eve"})
    for visibility in (Visibility.PRIVATE, Visibility.UNLISTED):
        with pytest.raises(StillPublic):
            await people.configure(OWNER, ada.id, visibility=visibility)
    await people.edit(OWNER, ada.id, {"character_info": "She sells ships."})
    await service.unpublish(OWNER, ada.id)
    with pytest.raises(NotPublic):
        await service.unpublish(OWNER, ada.id)
    await people.edit(OWNER, ada.id, {"name": "Eve"})
    attempt = await publish(sessions, models, ada.id)

    public = await now(sessions, ada.id)
    assert (attempt.version, public.public_name, public.public_version) == (3, "Eve", 3)
    assert [each.status for each in await service.history(OWNER, ada.id)] == ["done", "done"]


async def test_many_likes_at_once_are_all_counted_and_leave_with_their_people(
    sessions: Sessions, models: LanguageModels, service: PublishingService
) -> None:
    ada = await create_personality(sessions)
    await publish(sessions, models, ada.id)
    fans = [Actor(discord_id=100 + number, name=f"fan{number}") for number in range(8)]

    await asyncio.gather(*(service.toggle_like(fan, ada.id, age_restricted=False) for fan in fans))
    liked = (await now(sessions, ada.id)).likes_count
    privacy = PrivacyService(sessions)
    await asyncio.gather(*(privacy.delete(fan) for fan in fans))

    assert (liked, (await now(sessions, ada.id)).likes_count) == (8, 0)


async def test_nobody_makes_one_public_by_hand(sessions: Sessions) -> None:
    ada = await create_personality(sessions)

    with pytest.raises(StillPublic):
        await PersonalityService(sessions).configure(OWNER, ada.id, visibility=Visibility.PUBLIC)


@pytest.mark.parametrize(
    "change",
    [
        "headline = 'Buy my coins'",
        "slug = 'mine'",
        "public_version = 1",
        "public_name = 'Eve'",
        "name = 'Eve'",
        "public_age = 99",
        "age_bucket = 'child'",
        "gender = 'male'",
        "nsfw_rating = 'suggestive'",
        "published_at = now()",
        "nsfw_rating = 'explicit'",  # without being age-restricted
        "public_version = NULL",
    ],
)
async def test_the_database_keeps_what_is_published(
    sessions: Sessions, models: LanguageModels, change: str
) -> None:
    ada = await create_personality(sessions)
    await PersonalityService(sessions).edit(OWNER, ada.id, {"character_info": "She sells ships."})
    await publish(sessions, models, ada.id)

    async with sessions() as session:
        with pytest.raises(IntegrityError):
            await session.execute(
                text(f"UPDATE personalities SET {change} WHERE id = :id"),  # noqa: S608
                {"id": ada.id},
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE personality_versions SET definition = '{}' WHERE personality_id = :id",
        "DELETE FROM personality_versions WHERE personality_id = :id",
        "UPDATE personality_tags SET confidence = 1 WHERE personality_id = :id",
        "DELETE FROM personality_tags WHERE personality_id = :id",
        "INSERT INTO personality_tags SELECT :id, id, 50 FROM tags WHERE name = 'pirate'",
    ],
)
async def test_the_database_keeps_the_version_and_the_tags(
    sessions: Sessions, models: LanguageModels, statement: str
) -> None:
    ada = await create_personality(sessions)
    await publish(sessions, models, ada.id)

    async with sessions() as session:
        with pytest.raises(IntegrityError):
            await session.execute(text(statement), {"id": ada.id})


async def test_what_is_public_can_still_be_deleted_with_its_owner(
    sessions: Sessions, models: LanguageModels
) -> None:
    ada = await create_personality(sessions)
    await publish(sessions, models, ada.id)

    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM personalities WHERE id = :id"), {"id": ada.id})

    async with sessions() as session:
        assert await session.get(Personality, ada.id) is None


@pytest.mark.parametrize("confidence", [-1, 101])
async def test_confidence_is_a_percentage(sessions: Sessions, confidence: int) -> None:
    await seed(sessions, vendors=())
    ada = await create_personality(sessions)

    async with sessions() as session:
        tag = (await session.scalars(select(Tag.id).limit(1))).one()
        session.add(PersonalityTag(personality_id=ada.id, tag_id=tag, confidence=confidence))
        with pytest.raises(IntegrityError):
            await session.flush()


async def test_tags_are_many_lower_case_and_sown_once(sessions: Sessions) -> None:
    await seed(sessions, vendors=())
    async with sessions.begin() as session:
        before = (await session.execute(text("SELECT name, xmin FROM tags"))).all()
        await session.execute(text("UPDATE tags SET sort_order = 999 WHERE name = 'pirate'"))
    await seed(sessions, vendors=())

    async with sessions() as session:
        after = (await session.execute(text("SELECT name, xmin FROM tags"))).all()
        tags = {tag.name: tag for tag in await session.scalars(select(Tag))}
    assert len(tags) == sum(map(len, TAGS.values())) >= 80
    assert {row.name for row in set(after) ^ set(before)} == {"pirate"}
    assert tags["pirate"].sort_order < 100
    assert all(name == name.lower() for name in tags)


async def test_a_like_counts_once_and_can_be_taken_back(
    sessions: Sessions, models: LanguageModels, service: PublishingService
) -> None:
    ada = await create_personality(sessions)
    with pytest.raises(NotPublic):
        await service.toggle_like(STRANGER, ada.id, age_restricted=True)
    await publish(sessions, models, ada.id)

    liked = [
        (await service.toggle_like(actor, ada.id, age_restricted=False)).personality.likes_count
        for actor in (STRANGER, OWNER, STRANGER)
    ]

    assert liked == [1, 2, 1]
