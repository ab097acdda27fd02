"""The real Gemini SDK in front of a stand-in of its API."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from aiohttp.test_utils import unused_port

from services.llm import (
    ChatMessage,
    Completion,
    ContextTooLong,
    ListedModel,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    NativeTurn,
    Request,
    ToolCall,
)
from services.llm.gemini import Gemini
from services.speech import Recording, SpeechRequest, TranscriptionRequest
from services.speech.gemini import GeminiSpeech, GeminiTranscription
from tests.services.llm_support import (
    EVERYTHING,
    HELLO,
    LOOK,
    NIGHT,
    PIXEL,
    TOOLS,
    Lamp,
    Night,
    failures,
    pieces_before_failing,
    streamed,
)
from tests.vendors.gemini import GeminiStandIn, Reply

OVERLOADED = '{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}'


@pytest.fixture
async def vendor(gemini: GeminiStandIn) -> AsyncGenerator[Gemini]:
    vendor = Gemini(api_key="AIza", base_url=gemini.url, timeout=5)
    yield vendor
    await vendor.close()
    assert gemini.complaints == []


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_functions_are_called_and_the_turn_goes_back_as_it_came(
    vendor: Gemini, gemini: GeminiStandIn, *, is_streamed: bool
) -> None:
    calls = (("roll_dice", {"dice": "d6"}), ("time_in", {"place": "UTC"}))
    gemini.replies.append(Reply("Let me see.", calls=calls, thought="Dice first."))
    request = replace(HELLO, tools=TOOLS)

    asked = await (streamed(vendor, request) if is_streamed else vendor.complete(request))
    called = asked[-1] if isinstance(asked, list) else asked
    assert isinstance(called, Completion)
    turn = ChatMessage("assistant", called.text, calls=called.calls, native=called.native)
    results = [ChatMessage("tool", f"result of {each.name}", answers=each) for each in called.calls]
    after = await vendor.complete(
        replace(request, messages=(*HELLO.messages, turn, *results), must_answer=True)
    )

    assert [(each.name, each.arguments) for each in called.calls] == [
        ("roll_dice", '{"dice": "d6"}'),
        ("time_in", '{"place": "UTC"}'),
    ]
    assert after.calls == ()
    assert gemini.requests[-1]["contents"][-1]["parts"][0]["functionResponse"] == {
        "name": "roll_dice",
        "response": {"result": "result of roll_dice"},
    }


async def test_what_another_vendors_model_has_called_is_told_as_text(
    vendor: Gemini, gemini: GeminiStandIn
) -> None:
    call = ToolCall(id="1", name="roll_dice", arguments="no JSON")
    turn = ChatMessage("assistant", "", calls=(call,), native=NativeTurn("openai", {}))
    result = ChatMessage("tool", "4", answers=call)

    await vendor.complete(replace(HELLO, messages=(*HELLO.messages, turn, result), tools=TOOLS))

    assert gemini.requests[-1]["contents"][1:] == [{"role": "user", "parts": [{"text": "4"}]}]


async def test_a_completion_has_the_text_the_model_and_the_usage(
    vendor: Gemini, gemini: GeminiStandIn
) -> None:
    gemini.replies.append(Reply("The fog came in.", cached=3, thought="Hm."))

    answer = await vendor.complete(HELLO)

    assert (answer.text, answer.model) == ("The fog came in.", "gemini/m")
    usage = answer.usage
    assert (usage.tokens_in, usage.tokens_cached, usage.tokens_out) == (12, 3, 8)


async def test_a_stream_is_pieces_and_then_one_completion(
    vendor: Gemini, gemini: GeminiStandIn
) -> None:
    gemini.replies.append(Reply("The fog came in.", cached=3, thought="Hm."))

    *pieces, whole = await streamed(vendor, HELLO)

    assert pieces == ["The", " fog", " came", " in."]
    assert isinstance(whole, Completion)
    assert (whole.text, whole.model) == ("The fog came in.", "gemini/m")
    assert (whole.usage.tokens_in, whole.usage.tokens_cached, whole.usage.tokens_out) == (12, 3, 8)


async def test_an_answer_takes_the_shape_that_is_asked_for(
    vendor: Gemini, gemini: GeminiStandIn
) -> None:
    gemini.replies.append(Reply(NIGHT))

    answer = await vendor.parse(HELLO, Night)

    assert answer.value == Night(lamps=[Lamp(colour="red", turns=2)])
    assert answer.usage.tokens_out > 0
    config = gemini.requests[0]["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == Night.model_json_schema()


async def test_the_first_system_messages_become_the_system_instruction(
    vendor: Gemini, gemini: GeminiStandIn
) -> None:
    messages = (
        ChatMessage("system", "You keep a lighthouse."),
        ChatMessage("user", "Ahoy!"),
        ChatMessage("assistant", "Aye?"),
        ChatMessage("system", "It is night."),
        ChatMessage("user", "Who goes there?"),
    )

    await vendor.complete(Request(model="m", messages=messages))

    sent = gemini.requests[0]
    instruction = [part["text"] for part in sent["systemInstruction"]["parts"]]
    assert instruction == ["You keep a lighthouse."]
    assert [(each["role"], each["parts"]) for each in sent["contents"]] == [
        ("user", [{"text": "Ahoy!"}]),
        ("model", [{"text": "Aye?"}]),
        ("user", [{"text": "It is night."}]),
        ("user", [{"text": "Who goes there?"}]),
    ]


async def test_every_parameter_that_gemini_knows_goes_by_its_name(
    vendor: Gemini, gemini: GeminiStandIn
) -> None:
    await vendor.complete(EVERYTHING)

    assert gemini.requests[0]["generationConfig"] == {
        "temperature": 0.7,
        "topP": 0.9,
        "topK": 40,
        "frequencyPenalty": 0.1,
        "presencePenalty": -0.2,
        "maxOutputTokens": 99,
    }
    assert vendor.unsupported == {"repetition_penalty"}


async def test_parameters_that_are_not_set_are_left_to_the_vendor(
    vendor: Gemini, gemini: GeminiStandIn
) -> None:
    await vendor.complete(HELLO)

    assert not gemini.requests[0].get("generationConfig")


async def test_only_what_is_surely_harmful_is_left_to_the_vendors_filter(
    vendor: Gemini, gemini: GeminiStandIn
) -> None:
    await vendor.complete(HELLO)

    thresholds = {each["threshold"] for each in gemini.requests[0]["safetySettings"]}
    assert thresholds == {"BLOCK_ONLY_HIGH"}


@pytest.mark.parametrize("words", ["Look!", ""])
async def test_pictures_go_along_with_or_without_words(
    vendor: Gemini, gemini: GeminiStandIn, words: str
) -> None:
    look = ChatMessage("user", words, images=LOOK.messages[0].images)

    await vendor.complete(Request(model="m", messages=(look,)))

    *texts, picture = gemini.requests[0]["contents"][0]["parts"]
    assert texts == ([{"text": words}] if words else [])
    assert base64.b64decode(picture["inlineData"]["data"]) == PIXEL.data


async def test_models_are_listed_by_the_names_they_are_asked_by(vendor: Gemini) -> None:
    assert await vendor.models() == {
        "gemini-3.8-flash": ListedModel(),
        "gemini-3.5-flash-lite": ListedModel(),
    }


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=500), ModelUnavailable),
        (Reply(status=503, body="<html>", content_type="text/html"), ModelUnavailable),
        (Reply(status=504), ModelUnavailable),
        (Reply(body="<html>"), ModelUnavailable),
        (Reply(body="<html>", content_type="text/html"), ModelUnavailable),
        (Reply(body="{}"), ModelUnavailable),
        (Reply(body='{"candidates": [{"index": "first"}]}'), ModelUnavailable),
        (Reply(body=f"data: {OVERLOADED}\r\n\r\n"), ModelUnavailable),
        (Reply(status=400, message="API key not valid."), ModelMisconfigured),
        (Reply(status=403), ModelMisconfigured),
        (Reply(status=404), ModelMisconfigured),
        (Reply(status=404, body="<html>", content_type="text/html"), ModelMisconfigured),
        (Reply(status=429), ModelRateLimited),
        (
            Reply(status=400, message="The input token count (9) exceeds the maximum number of 8."),
            ContextTooLong,
        ),
        (Reply(block_reason="PROHIBITED_CONTENT"), ModelRefused),
        (Reply("", finish_reason="SAFETY"), ModelRefused),
        (Reply("", finish_reason="RECITATION"), ModelRefused),
    ],
)
async def test_a_failure_is_one_of_our_errors(
    vendor: Gemini, gemini: GeminiStandIn, reply: Reply, error: type[ModelError]
) -> None:
    gemini.default = reply

    errors = await failures(vendor)

    assert [(type(each), vars(each)["model"]) for each in errors] == [(error, "gemini/m")] * 3


@pytest.mark.parametrize(("delay", "seconds"), [("7s", 7), ("0.25s", 0.25), (None, None)])
async def test_how_long_to_wait_is_passed_on(
    vendor: Gemini, gemini: GeminiStandIn, delay: str | None, seconds: float | None
) -> None:
    gemini.replies.append(Reply(status=429, retry_delay=delay))

    with pytest.raises(ModelRateLimited) as raised:
        await vendor.complete(HELLO)

    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    "reply",
    [
        Reply("Sure! Here is your JSON."),
        Reply('{"colour": "green", "turns": 1}'),
        Reply('{"colour": "re', finish_reason="MAX_TOKENS"),
        Reply(""),
    ],
)
async def test_an_answer_out_of_shape_is_malformed(
    vendor: Gemini, gemini: GeminiStandIn, reply: Reply
) -> None:
    gemini.replies.append(reply)

    with pytest.raises(MalformedAnswer):
        await vendor.parse(HELLO, Lamp)


async def test_a_stream_that_is_cut_is_no_answer(vendor: Gemini, gemini: GeminiStandIn) -> None:
    gemini.replies.append(Reply("The fog came in.", cut_after=2))

    pieces, error = await pieces_before_failing(vendor)

    assert pieces == ["The", " fog"]
    assert isinstance(error, ModelUnavailable)


async def test_a_vendor_that_cannot_be_reached_is_unavailable() -> None:
    vendor = Gemini(api_key="AIza", base_url=f"http://127.0.0.1:{unused_port()}")

    errors = await failures(vendor)

    await vendor.close()
    assert [type(each) for each in errors] == [ModelOverloaded] * 3


async def test_a_vendor_that_says_nothing_is_unavailable(gemini: GeminiStandIn) -> None:
    gemini.default = Reply(hold=asyncio.Event())
    vendor = Gemini(api_key="AIza", base_url=gemini.url, timeout=0.05)

    errors = await failures(vendor)

    await vendor.close()
    assert [type(each) for each in errors] == [ModelUnavailable] * 3


async def test_a_recording_is_a_part_of_the_prompt(vendor: Gemini, gemini: GeminiStandIn) -> None:
    model = GeminiTranscription(vendor, "gemini-3.8-flash", usd_per_minute=0.01)
    recording = Recording(data=b"OggS", media_type="audio/ogg", seconds=1)
    gemini.replies.extend([Reply(" Good evening. "), Reply("No words."), Reply("", status=400)])
    request = TranscriptionRequest(names=("Mirela",), language="en")

    assert await model.transcribe(recording, request) == "Good evening."
    assert await model.transcribe(recording, request) == ""
    with pytest.raises(ModelMisconfigured):
        await model.transcribe(recording, request)
    (content,) = gemini.requests[0]["contents"]
    prompt, heard = content["parts"]
    assert "Mirela" in prompt["text"]
    assert base64.b64decode(heard["inlineData"]["data"]) == b"OggS"


async def test_samples_that_it_speaks_become_a_file(vendor: Gemini, gemini: GeminiStandIn) -> None:
    model = GeminiSpeech(vendor, "tts", voice="Kore", usd_per_1000_characters=0.01)
    gemini.replies.extend(
        Reply(picture=bytes(480), media_type=media_type)
        for media_type in ("audio/L16;codec=pcm;rate=24000", "audio/wav", "audio/L16;rate=999999")
    )

    first = await model.speak(SpeechRequest(text="Aye.", style="wearily"))
    second = await model.speak(SpeechRequest(text="Aye.", voice="Puck"))
    with pytest.raises(ModelUnavailable):
        await model.speak(SpeechRequest(text="Aye."))
    with pytest.raises(ModelUnavailable):  # text in place of audio
        await model.speak(SpeechRequest(text="Aye."))

    assert (first[:4], len(first)) == (b"RIFF", 480 + 44)
    assert second == bytes(480)
    voices = [
        each["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]
        for each in gemini.requests
    ]
    assert [each["voiceName"] for each in voices] == ["Kore", "Puck", "Kore", "Kore"]
    assert gemini.requests[0]["contents"][0]["parts"][0]["text"] == "Say wearily: Aye."
