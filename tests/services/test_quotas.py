"""Quotas: how much a user may own."""

import asyncio
import json
from dataclasses import replace

import pytest

from db.session import Sessions
from services.access import Owned, QuotaReached, Quotas, TooManyUploads, UploadLimiter
from services.embeddings import ImageEmbeddings, LocalImageEmbedder
from services.images import ImagePipeline
from services.llm import PRICES, LanguageModels, Ledger, ModelCatalog
from services.llm_configs import ConfigInput, LlmConfigService
from services.lore import LoreLibrary, LoreScope, LoreService, LoreTarget
from services.people import PeopleService, PersonaInput
from services.personalities import PersonalityService
from services.photos import ImportOutcome, PhotoService, file_source
from services.types import Actor
from tests.fakes import FakeChatAdapter
from tests.services.photo_files import photo

ALICE = Actor(discord_id=1, name="alice")
BOSS = replace(ALICE, is_bot_owner=True)
TWO = Quotas(personalities=2, personas=2, configs=2, aliases=2, photos=2)


async def test_no_more_personalities_than_the_quota_are_created_at_once(
    sessions: Sessions,
) -> None:
    people = PersonalityService(sessions, quotas=TWO)

    created = await asyncio.gather(
        *(people.create(ALICE, {"name": f"Ada {n}"}) for n in range(5)), return_exceptions=True
    )

    refused = [each for each in created if isinstance(each, QuotaReached)]
    assert [(each.kind, each.limit) for each in refused] == [(Owned.PERSONALITIES, 2)] * 3
    assert len(await people.own_names(ALICE, query="")) == 2


async def test_what_is_deleted_makes_room_and_what_is_above_a_quota_stays(
    sessions: Sessions,
) -> None:
    people = PersonalityService(sessions)
    created = [await people.create(ALICE, {"name": f"Ada {n}"}) for n in range(3)]
    lowered = PersonalityService(sessions, quotas=TWO)

    for each in created[:2]:
        with pytest.raises(QuotaReached):
            await lowered.create(ALICE, {"name": "One more"})
        await lowered.delete(ALICE, each.id)

    await lowered.create(ALICE, {"name": "One more"})
    assert len(await people.own_names(ALICE, query="")) == 2


async def test_aliases_are_counted_for_each_personality(sessions: Sessions) -> None:
    people = PersonalityService(sessions, quotas=TWO)
    ada, ben = [await people.create(ALICE, {"name": name}) for name in ("Ada", "Ben")]
    for alias in ("Lady", "Countess"):
        await people.add_alias(ALICE, ada.id, alias)

    with pytest.raises(QuotaReached):
        await people.add_alias(ALICE, ada.id, "Duchess")
    await people.add_alias(ALICE, ben.id, "Duke")


async def test_personas_and_configs_are_counted(sessions: Sessions, models: LanguageModels) -> None:
    people = PeopleService(sessions, TWO)
    configs = LlmConfigService(
        sessions, models, ModelCatalog(models), PersonalityService(sessions), TWO
    )
    await people.create(ALICE, PersonaInput(name="Hero"))  # besides the first one
    for name in ("One", "Two"):
        await configs.create(ALICE, ConfigInput(name=name, model="openai/default"))

    with pytest.raises(QuotaReached):
        await people.create(ALICE, PersonaInput(name="Villain"))
    with pytest.raises(QuotaReached):
        await configs.create(ALICE, ConfigInput(name="Three", model="openai/default"))


async def test_entries_of_lorebooks_are_counted_over_all_books(sessions: Sessions) -> None:
    zed = await PersonalityService(sessions).create(ALICE, {"name": "Zed"})
    lore = LoreService(sessions, LoreLibrary(), quotas=Quotas(lore_entries=3))
    target = LoreTarget(scope=LoreScope.PERSONALITY, personality_id=zed.id)

    def book(count: int) -> bytes:
        return json.dumps({"entries": [{"keys": ["x"], "content": "y"}] * count}).encode()

    await lore.import_book(ALICE, target, book(2), name="one")
    with pytest.raises(QuotaReached) as refused:
        await lore.import_book(ALICE, target, book(2), name="two")
    await lore.import_book(ALICE, target, book(1), name="three")

    assert (refused.value.kind, refused.value.limit) == (Owned.LORE_ENTRIES, 3)
    assert len(await lore.books_of(ALICE, zed.id)) == 2


async def test_the_operator_has_no_quota(sessions: Sessions) -> None:
    people = PersonalityService(sessions, quotas=Quotas(personalities=1))

    for number in range(3):
        await people.create(BOSS, {"name": f"Ada {number}"})


@pytest.mark.parametrize("quotas", [Quotas(photos=2), Quotas(photo_bytes=20_000)])
async def test_files_beyond_a_quota_are_refused_and_leave_nothing(
    sessions: Sessions, studio: ImagePipeline, quotas: Quotas
) -> None:
    embeddings = ImageEmbeddings(Ledger(sessions, PRICES), LocalImageEmbedder())
    photos = PhotoService(sessions, studio, embeddings, FakeChatAdapter(), quotas)
    ada = await PersonalityService(sessions).create(ALICE, {"name": "Ada"})
    files = [file_source(f"{number}.jpg", photo(number)) for number in range(8)]

    results = [each async for each in photos.add(ALICE, ada.id, files)]

    added = [each for each in results if each.outcome == ImportOutcome.ADDED]
    refused = [each for each in results if each.outcome == ImportOutcome.REFUSED]
    assert 0 < len(added) < len(results) == len(added) + len(refused)
    assert all(isinstance(each.reason, QuotaReached) for each in refused)
    stored = [each async for each in studio.store.list_objects("")]
    assert len(stored) == 2 * len(added)


def test_uploads_are_counted_by_the_minute_for_each_person() -> None:
    now = 0.0
    uploads = UploadLimiter(2, clock=lambda: now)
    uploads.count(1)
    now = 30.0
    uploads.count(1)
    uploads.count(2)

    with pytest.raises(TooManyUploads) as refused:
        uploads.count(1)
    now = 61.0
    uploads.count(1)

    assert (refused.value.per_minute, refused.value.retry_after) == (2, 30.0)
