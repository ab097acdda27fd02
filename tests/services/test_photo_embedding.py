"""Embedded photos: similarity and search."""

import math
from datetime import datetime, timedelta

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import undefer
from typing_extensions import override

from bot.discord.errors import explain
from db.models import Photo
from services.embeddings import (
    EmbedderMisconfigured,
    EmbedderUnavailable,
    LocalImageEmbedder,
)
from services.embeddings.gemini import GeminiEmbedder
from services.embeddings.image_embed import RemoteImageEmbedder
from services.llm.gemini import Gemini
from services.photos import (
    PhotoNotEmbedded,
    PhotoSource,
    file_source,
)
from tests.services.photo_files import (
    coded,
    photo,
    scene,
)
from tests.services.posting_support import OWNER, Posting
from tests.vendors.gemini import GeminiStandIn
from tests.vendors.image_embed import ImageEmbedStandIn

DAY = timedelta(days=1)
MOMENT = datetime(2025, 7, 14, 6, 30)  # noqa: DTZ001 - a camera's clock


async def test_what_looks_alike_is_found_without_a_key(posting: Posting) -> None:
    whose = await posting.personality()
    # Each scene three times: as it is, cropped, and darker, which makes other photos of it.
    files: list[PhotoSource] = []
    for seed in range(8):
        one = scene(seed, (640, 480))
        darker = Image.eval(one, lambda value: int(value * 0.7))
        cropped = one.crop((80, 60, 560, 420))
        others = {"": one, "-cropped": cropped, "-darker": darker}
        files += [file_source(f"{seed}{name}.jpg", coded(image)) for name, image in others.items()]
    async for _ in posting.photos.add(OWNER, whose, files):
        pass
    await posting.run_due_jobs()

    hits = 0
    for seed in range(8):
        one = await posting.photos.find(OWNER, f"{seed}.jpg")
        alike = await posting.photos.similar(OWNER, one.id)
        assert [each.similarity for each in alike] == sorted(
            (e.similarity for e in alike), reverse=True
        )
        hits += sum(each.photo.file_name.startswith(str(seed)) for each in alike[:2])
    left = len(await posting.photos.list_photos(OWNER, whose))

    # What is no more than darker may be a near-duplicate; the others are found.
    wanted = left - 8
    assert hits >= 0.8 * wanted


async def test_a_photo_that_nobody_has_looked_at_is_like_nothing_yet(posting: Posting) -> None:
    (photo_row,) = await posting.library()

    with pytest.raises(PhotoNotEmbedded):
        await posting.photos.similar(OWNER, photo_row.id)


async def test_words_are_looked_for_in_what_is_said_where_nobody_knows_pictures(
    posting: Posting,
) -> None:
    first, second, third = await posting.library(3)
    await posting.photos.set_alt_text(OWNER, first.id, "A lighthouse at dusk")
    await posting.planned(second, await posting.harbour(second))  # "The lamp is lit."

    matches = await posting.photos.search(OWNER, first.personality_id, "lighthouse lamp")
    named = await posting.photos.search(OWNER, first.personality_id, "p2")
    odd = await posting.photos.search(OWNER, first.personality_id, "' OR 1=1 & !")

    assert {each.id for each in matches} == {first.id, second.id}
    assert [each.id for each in named] == [third.id]
    assert odd == []


async def test_the_service_of_the_plan_is_asked_as_it_wants(posting: Posting) -> None:
    async with ImageEmbedStandIn().running() as service:
        other = Posting(posting.sessions, posting.studio, embedder=RemoteImageEmbedder(service.url))
        first, second, _ = await other.library(3)
        service.refuses.append("no face")
        service.breaks = 1
        await other.run_due_jobs()
        async with other.sessions() as session:
            whole = select(Photo).options(undefer(Photo.embedding))
            rows = (await session.scalars(whole.order_by(Photo.created_at))).all()
        alike = await other.photos.similar(OWNER, second.id)

    assert {each.embedding_model for each in rows} == {"image_embed/embed_clip_vit_b_32"}
    assert [each.embedding is None for each in rows].count(True) == 1
    assert len(alike) == 1
    assert service.complaints == []
    assert first.personality_id == second.personality_id


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "no address", "http://[", "ftp://x"])
async def test_an_address_that_is_none_is_said(url: str) -> None:
    with pytest.raises((EmbedderUnavailable, EmbedderMisconfigured)):
        await RemoteImageEmbedder(url).embed_picture(photo(1))


async def test_gemini_knows_words_and_pictures(posting: Posting, gemini: GeminiStandIn) -> None:
    client = Gemini(api_key="g-x", base_url=gemini.url)
    embedder = GeminiEmbedder(client, "gemini-embedding-2")
    other = Posting(posting.sessions, posting.studio, embedder=embedder)
    first, _ = await other.library(2)
    gemini.vectors = lambda words: [1.0, 0.1] if words == "a red door" else [0.9, 0.2]
    await other.run_due_jobs()

    matches = await other.photos.search(OWNER, first.personality_id, "a red door")
    await embedder.close()

    assert len(matches) == 2
    assert other.photos.searches_content
    assert gemini.complaints == []


async def test_a_new_embedder_looks_at_everything_again(posting: Posting) -> None:
    await posting.library(2)
    await posting.run_due_jobs()
    async with ImageEmbedStandIn().running() as service:
        other = Posting(posting.sessions, posting.studio, embedder=RemoteImageEmbedder(service.url))
        await other.photos.reembed()
        await other.run_due_jobs()
        async with other.sessions() as session:
            models = set(await session.scalars(select(Photo.embedding_model)))

    assert models == {other.embedder.name}


async def test_vectors_of_the_local_embedder_have_a_direction() -> None:
    embedder = LocalImageEmbedder()
    for picture in (photo(1), coded(Image.new("RGB", (50, 50)))):
        vector = await embedder.embed_picture(picture)
        assert len(vector) == 256
        assert abs(sum(number * number for number in vector) - 1) < 1e-6


def test_what_is_refused_for_good_names_the_setting() -> None:
    assert "IMAGE_EMBED_URL" in (explain(EmbedderMisconfigured("x", "HTTP 404")) or "")


class Odd(LocalImageEmbedder):
    """Says of the first picture that it sees what is no direction."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self._number: float | None = number

    @override
    async def embed_picture(self, picture: bytes) -> list[float]:
        number, self._number = self._number, None
        return [number, 1.0] if number is not None else await super().embed_picture(picture)


@pytest.mark.parametrize("number", [math.nan, math.inf, 1e300])
async def test_a_vector_that_is_none_leaves_the_other_photos_seen(
    posting: Posting, number: float
) -> None:
    other = Posting(posting.sessions, posting.studio, embedder=Odd(number))
    await other.library(3)
    await other.run_due_jobs()

    async with other.sessions() as session:
        whole = select(Photo).options(undefer(Photo.embedding))
        rows = (await session.scalars(whole)).all()
    assert [each.embedding is None for each in rows].count(True) == 1
    assert all(each.embedding_model for each in rows)
