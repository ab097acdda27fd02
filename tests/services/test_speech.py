"""Recordings and speech: formats, what is spoken, the models of this machine, and Gemini's."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm import (
    ModelMisconfigured,
    ModelOverloaded,
    ModelRefused,
    ModelUnavailable,
)
from services.speech import Recording, SpeechRequest, TranscriptionRequest, UnreadableRecording, ogg
from services.speech.local import LocalConverter, LocalProcess, LocalSpeech, LocalTranscription
from services.speech.service import wav
from services.speech.spoken_text import spoken_text
from services.speech.types import OGG
from tests.services.photo_files import photo
from tests.services.recordings import silence, tone


def recording(data: bytes, seconds: float = 3) -> Recording:
    return Recording(data=data, media_type=OGG, seconds=seconds)


def test_a_recording_is_cut_between_its_pages() -> None:
    whole = tone(10)

    uncut, length, is_cut = ogg.cut(whole, 120)
    begun, shorter, is_begun_cut = ogg.cut(whole, 4)

    assert (uncut, is_cut) == (whole, False)
    assert length == pytest.approx(10, abs=0.1)
    assert is_begun_cut
    assert shorter == pytest.approx(4, abs=0.1)
    assert whole.startswith(begun)
    assert ogg.cut(begun, 120)[1:] == (shorter, False)


@given(st.binary(max_size=400), st.integers(0, 5000), st.floats(0, 200))
def test_a_damaged_recording_is_read_as_far_as_it_is_whole(
    garbage: bytes, at: int, seconds: float
) -> None:
    whole = tone(3)
    damaged = whole[:at] + garbage + whole[at + len(garbage) :]

    try:
        begun, length, _ = ogg.cut(damaged, seconds)
    except UnreadableRecording:
        return

    assert damaged.startswith(begun)
    assert length <= seconds


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello there.", "Hello there."),
        ("*sighs and turns* It is **late**.", "It is late."),
        ("*sighs*", "sighs"),
        ("See [the map](https://example.org) <@123> <:gull:45> 🙂!", "See the map !"),
        ("Run this:\n```py\nprint()\n```\nthen `that`", "Run this: then that"),
        ("```unclosed", ""),
        ("# Title\n> quote\n- item", "Title quote - item"),
        ("🙂🙂\u200d", ""),
        ("...", ""),
        ("\x00null", "null"),
        ("_whispers_ no", "no"),
        ("snake_case stays, 2 * 3 * 4", "snake_case stays, 2 3 4"),
        ("I *never* said that.", "I never said that."),
        ("No. *turns to the dark window* Never.", "No. Never."),
    ],
)
def test_what_only_eyes_understand_is_not_spoken(text: str, spoken: str) -> None:
    assert spoken_text(text, limit=1000) == spoken


def test_a_long_text_is_spoken_in_whole_sentences() -> None:
    text = "One two three. " * 20

    assert spoken_text(text, limit=100) == ("One two three. " * 6).strip()
    assert spoken_text("word " * 100, limit=24) == "word word word word"
    assert spoken_text("x" * 100, limit=10) == "x" * 10


@given(st.text(), st.integers(1, 300))
def test_no_text_breaks_what_is_spoken(text: str, limit: int) -> None:
    spoken = spoken_text(text, limit=limit)

    assert len(spoken) <= limit
    assert not {*"`*|~"} & {*spoken}


@pytest.fixture
async def ears() -> AsyncGenerator[LocalTranscription]:
    model = LocalTranscription()
    yield model
    await model.close()


@pytest.fixture
async def mouth() -> AsyncGenerator[LocalSpeech]:
    model = LocalSpeech()
    yield model
    await model.close()


@pytest.mark.slow
async def test_what_is_spoken_here_is_heard_here(
    ears: LocalTranscription, mouth: LocalSpeech
) -> None:
    text = "Wilhelmina, is the lighthouse dark tonight?"
    named = TranscriptionRequest(names=("Wilhelmina", "Bex"))

    spoken = await mouth.speak(SpeechRequest(text=text))
    slow = await mouth.speak(SpeechRequest(text=text, speed=0.8, pitch=0.85))

    heard = await ears.transcribe(recording(spoken), named)
    # The voice does not say it twice alike.
    said = {*re.findall(r"\w+", text.lower())}
    assert "Wilhelmina" in heard
    assert len(said & {*re.findall(r"\w+", heard.lower())}) >= len(said) - 2
    assert ogg.cut(slow, 120)[1] > 1.1 * ogg.cut(spoken, 120)[1]
    for nothing in (silence(3), tone(3)):
        assert await ears.transcribe(recording(nothing), named) == ""
    for broken in (b"", b"OggS" + bytes(300), photo(1, "PNG"), spoken[:300]):
        with pytest.raises(ModelRefused):
            await ears.transcribe(recording(broken), named)
    with pytest.raises(ModelRefused):
        await mouth.speak(SpeechRequest(text="—"))


@pytest.mark.slow
async def test_what_breaks_is_started_again_and_has_no_secrets(
    ears: LocalTranscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    request = TranscriptionRequest()
    await ears.transcribe(recording(silence(1)), request)
    first = ears.process.pid
    assert first is not None
    with open(f"/proc/{first}/environ", "rb") as environment:  # noqa: ASYNC230, PTH123
        assert b"DISCORD_TOKEN" not in environment.read()

    os.kill(first, signal.SIGKILL)

    with pytest.raises(ModelUnavailable):
        await ears.transcribe(recording(silence(1)), request)
    assert await ears.transcribe(recording(silence(1)), request) == ""
    assert ears.process.pid not in (None, first)


async def test_what_takes_too_long_is_ended_and_only_some_wait() -> None:
    process = LocalProcess("converter", "convert", seconds=0.01)
    header = {"seconds": 1}

    waiting = [asyncio.create_task(process.request(header, b"x")) for _ in range(5)]
    results = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(each) for each in results] == [ModelUnavailable] * 4 + [ModelOverloaded]
    assert process.pid is None


async def test_other_audio_is_converted_and_cut() -> None:
    converter = LocalConverter()
    try:
        converted = await converter.convert(wav(bytes(2 * 24_000 * 3), 24_000), seconds=2)
        assert converted is not None
        opus, waveform = converted
        assert (opus.is_cut, opus.seconds) == (True, 2)
        assert ogg.cut(opus.data, 120)[1] == pytest.approx(2, abs=0.1)
        assert waveform == bytes(20)
        with pytest.raises(UnreadableRecording):
            await converter.convert(b"no audio", seconds=2)
    finally:
        await converter.close()


def test_a_model_that_misses_a_file_is_not_looked_for_elsewhere(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("whisper")
    (folder / "model.bin").write_bytes(b"")

    with pytest.raises(ModelMisconfigured):
        LocalTranscription(folder)


def test_the_length_is_counted_and_not_believed() -> None:
    whole = tone(5)
    lying = bytearray(whole)
    at = 0
    while (at := lying.find(b"OggS", at)) >= 0:
        lying[at + 6 : at + 14] = bytes(8)  # every page says that it is at the beginning
        at += 4

    assert ogg.cut(bytes(lying), 120)[1] == pytest.approx(5, abs=0.1)
    chained, length, is_cut = ogg.cut(whole + tone(4), 120)
    assert (chained, is_cut) == (whole, True)
    assert length == pytest.approx(5, abs=0.1)
