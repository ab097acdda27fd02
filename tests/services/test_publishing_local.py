"""Publishing with the bundled model, whose answers are real and unreliable.

So small a model may call anything explicit; only what the rules demand is certain.
"""

import pytest
from sqlalchemy import func, select

from db.models import NsfwRating, Personality, PersonalityTag
from db.session import Sessions
from services.llm import PRICES, BackgroundCalls, ConfiguredVendor, LanguageModels, Ledger, local
from services.publishing import PublishingService
from services.seeds import seed
from tests.services.publishing_support import OWNER, create_personality, ended, publishing

pytestmark = pytest.mark.slow

LUST = "He is 40, horny all day, and describes every orgasm he has."


async def test_the_local_model_publishes(sessions: Sessions, carrier: BackgroundCalls) -> None:
    path = local.bundled_model()
    assert path is not None
    await seed(sessions, vendors={"local"})
    ada = await create_personality(sessions, character_info=LUST)

    async with local.serve(path) as texts:
        vendors = {"local": ConfiguredVendor(texts, "smollm2")}
        models = LanguageModels(Ledger(sessions, PRICES), carrier, vendors)
        async with publishing(sessions, models):
            service = PublishingService(sessions, models)
            await service.start(OWNER, ada.id)
            attempt = await ended(service, ada.id, seconds=400)

    async with sessions() as session:
        public = await session.get_one(Personality, ada.id)
        tags = await session.scalar(
            select(func.count())
            .select_from(PersonalityTag)
            .where(PersonalityTag.personality_id == ada.id)
        )
    assert (attempt.status, attempt.error) == ("done", None)
    assert public.visibility == "public"
    assert public.nsfw_rating == NsfwRating.EXPLICIT
    assert public.public_age == 40
    assert public.headline
    assert 1 <= (tags or 0) <= 6
