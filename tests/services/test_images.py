"""Images from vendors: each requested and paid once, also after failures."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typing_extensions import override

from db.models import LlmCall
from db.session import Sessions
from services.images import (
    GenerationState,
    ImageGenerationFailed,
    ImageGenerationLost,
    ImageModels,
    ImagePipeline,
    ImageRequest,
    NoImageModel,
    Prediction,
)
from services.images.gemini import GeminiImageModel
from services.images.replicate import ReplicateImageModel
from services.llm import (
    PRICES,
    BackgroundCalls,
    Caller,
    ContextTooLong,
    Image,
    Ledger,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.gemini import Gemini
from services.media import StorageUnavailable, prepare
from tests.conftest import studio_of
from tests.vendors.gemini import GeminiStandIn, Reply
from tests.vendors.replicate import Fate, ReplicateStandIn, painted

CALLER = Caller(purpose="test")
ORDER = ImageRequest(prompt="a gull on a rail")
PHOTO = Image(media_type="image/jpeg", data=painted("photo"))


class Paper(GenerationState):
    """A generation state in memory, as an earlier attempt may have left it."""

    def __init__(
        self, *, since: datetime | None = None, taken: frozenset[str] = frozenset()
    ) -> None:
        self.since = since
        self.id: str | None = None
        self.taken = taken

    @override
    async def prediction(self) -> Prediction | None:
        return Prediction(self.id) if self.id else None

    @override
    async def mark_requested(self) -> datetime | None:
        before, self.since = self.since, self.since or datetime.now(UTC)
        return before

    @override
    async def save_prediction(self, prediction: Prediction) -> bool:
        if prediction.id in self.taken:
            return False
        self.id = prediction.id
        return True

    @override
    async def clear_request(self) -> None:
        self.since = None


async def test_a_picture_is_painted_marked_and_kept(
    studio: ImagePipeline, replicate: ReplicateStandIn, sessions: Sessions
) -> None:
    upload = await studio.images.upload(PHOTO)
    state = Paper()

    picture, stored_image = await studio.generate(
        ImageRequest(prompt="a gull", references=(PHOTO,), upload_urls=(upload,), aspect="4:5"),
        state,
        key="boards/1.jpg",
        caller=CALLER,
    )
    await studio.images.delete_upload(upload)

    (ordered,) = replicate.predictions.values()
    assert ordered["input"] == {
        "prompt": "a gull",
        "aspect_ratio": "4:5",
        "output_format": "jpg",
        "image_input": [upload],
    }
    assert state.id == "p2"
    stored = await studio.store.get("boards/1.jpg")
    assert (
        stored
        == picture.data
        == prepare(painted("p2"), max_width=1600, quality=82, is_ai_generated=True).data
    )
    assert (stored_image.width, stored_image.height, stored_image.size) == (640, 480, len(stored))
    assert stored_image.model == "replicate/google/nano-banana"
    assert replicate.files == {}
    async with sessions() as session:
        (call,) = (await session.scalars(select(LlmCall))).all()
    assert (call.model, call.outcome, float(call.cost_usd or 0)) == (stored_image.model, "ok", 0.04)


async def test_what_was_ordered_before_is_collected_and_not_ordered_again(
    studio: ImagePipeline, replicate: ReplicateStandIn
) -> None:
    first = Paper()
    await studio.images.generate(ORDER, first, caller=CALLER)
    known, in_doubt = Paper(), Paper(since=datetime.now(UTC))
    known.id = first.id

    await studio.images.generate(ORDER, known, caller=CALLER)
    await studio.images.generate(ORDER, in_doubt, caller=CALLER)
    assert in_doubt.id == first.id
    assert len(replicate.predictions) == 1

    neighbours = Paper(since=datetime.now(UTC), taken=frozenset({"p1"}))
    await studio.images.generate(ORDER, neighbours, caller=CALLER)
    other = Paper(since=datetime.now(UTC))
    await studio.images.generate(ImageRequest(prompt="something else"), other, caller=CALLER)
    assert (neighbours.id, other.id) == ("p2", "p3")


async def test_no_more_are_painted_at_once_than_there_is_room_for(
    sessions: Sessions, carrier: BackgroundCalls, replicate: ReplicateStandIn
) -> None:
    image_model = ReplicateImageModel(
        api_token="r8_x", model="google/nano-banana", base_url=replicate.url
    )
    images = ImageModels(Ledger(sessions, PRICES), carrier, image_model, at_once=2, poll=0.01)
    replicate.default = Fate(polls=4)

    await asyncio.gather(
        *(images.generate(ImageRequest(prompt=f"{n}"), Paper(), caller=CALLER) for n in range(7))
    )

    assert (len(replicate.predictions), replicate.most_at_once) == (7, 2)
    await images.close()


@pytest.mark.parametrize(
    ("fate", "error", "words"),
    [
        (
            Fate(status="failed", error="Prediction interrupted"),
            ImageGenerationFailed,
            "interrupted",
        ),
        (Fate(status="failed", error="The input was flagged as sensitive"), ModelRefused, ""),
        (Fate(status="canceled"), ImageGenerationFailed, "called off"),
        (Fate(status="aborted"), ImageGenerationFailed, "called off"),
        (Fate(output="nothing"), ImageGenerationFailed, "without a picture"),
        (Fate(output="html"), ImageGenerationFailed, "no picture"),
        (Fate(output="bomb"), ImageGenerationFailed, "no picture"),
        (Fate(output="foreign"), ImageGenerationFailed, "no picture"),
        (Fate(output="gone"), ImageGenerationLost, ""),
        (Fate(http=401), ModelMisconfigured, "as scripted"),
        (Fate(http=402, detail="Insufficient credit"), ModelMisconfigured, "Insufficient credit"),
        (Fate(http=422, detail="prompt: too long"), ContextTooLong, "too long"),
        (Fate(http=500), ModelUnavailable, ""),
        (Fate(http=429, detail="Expected available in 1 second."), ModelRateLimited, ""),
    ],
)
async def test_a_vendor_in_trouble_is_said_in_our_own_words(
    studio: ImagePipeline,
    replicate: ReplicateStandIn,
    fate: Fate,
    error: type[ModelError],
    words: str,
) -> None:
    replicate.default = fate
    state = Paper()

    with pytest.raises(error) as caught:
        await studio.generate(ORDER, state, key="boards/1.jpg", caller=CALLER)

    assert words in getattr(caught.value, "detail", "")
    assert [each async for each in studio.store.list_objects("")] == []
    # After a clean refusal the order is as if it had not been.
    is_clean = fate.http in {401, 402, 422, 429}
    assert (state.since is None) == is_clean


async def test_after_a_moment_of_too_much_it_goes_on(
    studio: ImagePipeline, replicate: ReplicateStandIn
) -> None:
    replicate.fates.append(Fate(http=429, detail="Expected available in 0 seconds."))

    await studio.generate(ORDER, Paper(), key="boards/1.jpg", caller=CALLER)

    assert len(replicate.predictions) == 1


async def test_a_poll_that_fails_is_one_poll(
    studio: ImagePipeline, replicate: ReplicateStandIn
) -> None:
    replicate.server_errors = 7

    await studio.generate(ORDER, Paper(), key="boards/1.jpg", caller=CALLER)

    assert len(replicate.predictions) == 1


async def test_what_the_vendor_has_forgotten_is_not_ordered_again(
    studio: ImagePipeline, replicate: ReplicateStandIn
) -> None:
    old = Paper(since=datetime.now(UTC) - timedelta(hours=2))
    with pytest.raises(ImageGenerationLost):
        await studio.images.generate(ORDER, old, caller=CALLER)
    assert replicate.predictions == {}

    known = Paper()
    await studio.images.generate(ORDER, known, caller=CALLER)
    forgotten = replicate.predictions["p1"]
    forgotten.update(created_at="2026-01-01T00:00:00Z", output=None, status="succeeded")
    with pytest.raises(ImageGenerationLost):
        await studio.images.generate(ORDER, known, caller=CALLER)


async def test_a_stranger_state_in_the_list_is_in_nobodys_way(
    studio: ImagePipeline, replicate: ReplicateStandIn
) -> None:
    replicate.default = Fate(status="aborted")
    with pytest.raises(ImageGenerationFailed):
        await studio.images.generate(ImageRequest(prompt="another"), Paper(), caller=CALLER)
    replicate.default = Fate()
    first, again = Paper(), Paper(since=datetime.now(UTC))
    await studio.images.generate(ORDER, first, caller=CALLER)
    await studio.images.generate(ORDER, again, caller=CALLER)

    assert again.id == first.id


async def test_storage_that_hiccups_costs_no_picture(
    studio: ImagePipeline, replicate: ReplicateStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = studio.store.put, 0

    async def put(key: str, data: bytes | Path, *, media_type: str) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise StorageUnavailable("busy")
        await real(key, data, media_type=media_type)

    monkeypatch.setattr(studio.store, "put", put)
    await studio.generate(ORDER, Paper(), key="boards/1.jpg", caller=CALLER)

    assert (len(replicate.predictions), tries) == (1, 3)


async def test_what_never_ends_is_called_off(
    sessions: Sessions, carrier: BackgroundCalls, replicate: ReplicateStandIn
) -> None:
    image_model = ReplicateImageModel(
        api_token="r8_x", model="google/nano-banana", base_url=replicate.url
    )
    images = ImageModels(Ledger(sessions, PRICES), carrier, image_model, poll=0.01, deadline=0.2)
    replicate.default = Fate(polls=10**6)

    with pytest.raises(ImageGenerationFailed, match="took longer"):
        await images.generate(ORDER, Paper(), caller=CALLER)

    assert replicate.cancelled == ["p1"]
    await images.close()


async def test_nobody_there_and_nobody_set_up(sessions: Sessions, carrier: BackgroundCalls) -> None:
    image_model = ReplicateImageModel(
        api_token="r8_x", model="google/nano-banana", base_url="http://127.0.0.1:9"
    )
    images = ImageModels(Ledger(sessions, PRICES), carrier, image_model)
    state = Paper()
    with pytest.raises(ModelUnavailable):
        await images.generate(ORDER, state, caller=CALLER)
    assert state.since is not None, "nobody knows whether it was heard"
    await images.close()

    none = ImageModels(Ledger(sessions, PRICES), carrier, None)
    assert (none.is_configured, none.price_usd) == (False, 0)
    with pytest.raises(NoImageModel):
        await none.generate(ORDER, Paper(), caller=CALLER)


async def gemini_studio(
    sessions: Sessions, carrier: BackgroundCalls, stand_in: GeminiStandIn, folder: Path
) -> ImagePipeline:
    gemini = Gemini(api_key="AIza", base_url=stand_in.url)
    image_model = GeminiImageModel(gemini, "gemini-nano-banana-2.1")
    images = ImageModels(Ledger(sessions, PRICES), carrier, image_model, deadline=5)
    return studio_of(images, carrier, folder)


async def test_gemini_paints_while_we_wait(
    sessions: Sessions, carrier: BackgroundCalls, gemini: GeminiStandIn, tmp_path: Path
) -> None:
    studio = await gemini_studio(sessions, carrier, gemini, tmp_path)
    gemini.replies.append(Reply(picture=painted("g")))

    upload = await studio.images.upload(PHOTO)
    picture, stored = await studio.generate(
        ImageRequest(prompt="a gull", references=(PHOTO,), upload_urls=(upload,), aspect="4:5"),
        Paper(),
        key="boards/1.jpg",
        caller=CALLER,
    )

    assert picture == prepare(painted("g"), max_width=1600, quality=82, is_ai_generated=True)
    assert stored.model == "gemini/gemini-nano-banana-2.1"
    (request,) = gemini.requests
    assert request["generationConfig"]["imageConfig"] == {"aspectRatio": "4:5"}
    assert gemini.complaints == []
    await studio.images.close()


REPLIES: dict[str, tuple[Callable[[], Reply], type[ModelError]]] = {
    "words alone": (lambda: Reply("I cannot draw that."), ImageGenerationFailed),
    "a refusal": (lambda: Reply("", finish_reason="IMAGE_SAFETY"), ModelRefused),
    "no picture": (lambda: Reply(picture=b"<html>"), ImageGenerationFailed),
    "a wrong key": (lambda: Reply(status=403), ModelMisconfigured),
    "a broken server": (lambda: Reply(status=503), ModelUnavailable),
}


@pytest.mark.parametrize("name", REPLIES)
async def test_gemini_in_trouble(
    sessions: Sessions, carrier: BackgroundCalls, gemini: GeminiStandIn, tmp_path: Path, name: str
) -> None:
    reply, error = REPLIES[name]
    studio = await gemini_studio(sessions, carrier, gemini, tmp_path)
    gemini.replies.append(reply())

    with pytest.raises(error):
        await studio.generate(ORDER, Paper(), key="boards/1.jpg", caller=CALLER)
    await studio.images.close()


async def test_a_gemini_that_says_it_is_busy_has_painted_nothing(
    sessions: Sessions, carrier: BackgroundCalls, gemini: GeminiStandIn, tmp_path: Path
) -> None:
    studio = await gemini_studio(sessions, carrier, gemini, tmp_path)
    gemini.replies.append(Reply(status=503))
    gemini.default = Reply(picture=painted("g"))
    state = Paper()
    with pytest.raises(ModelUnavailable):
        await studio.generate(ORDER, state, key="boards/1.jpg", caller=CALLER)
    await studio.generate(ORDER, state, key="boards/1.jpg", caller=CALLER)
    await studio.images.close()


async def test_what_gemini_may_have_painted_is_not_ordered_again(
    sessions: Sessions, carrier: BackgroundCalls, gemini: GeminiStandIn, tmp_path: Path
) -> None:
    studio = await gemini_studio(sessions, carrier, gemini, tmp_path)

    with pytest.raises(ImageGenerationLost):
        await studio.generate(
            ORDER, Paper(since=datetime.now(UTC)), key="boards/1.jpg", caller=CALLER
        )

    assert gemini.requests == []
    await studio.images.close()


async def test_a_vendor_that_speaks_no_json(
    studio: ImagePipeline, replicate: ReplicateStandIn
) -> None:
    state = Paper()
    state.id = "never"

    with pytest.raises((MalformedAnswer, ModelMisconfigured)):
        await studio.generate(ORDER, state, key="boards/1.jpg", caller=CALLER)
