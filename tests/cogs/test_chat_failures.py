"""Unusable answers, and models that fail."""

import json
from typing import Any

import pytest

from services.seeds import SYSTEM_PROMPT
from tests.cogs.concurrent import answers, hold, invent, post, spoken
from tests.cogs.conftest import House
from tests.vendors.openai import Reply

GOOD = "The kettle is on, sit down and tell me."
REFUSED_NAME = 'In username: Username cannot contain "here"'
ALL_THOUGHT = "used all its tokens on reasoning"


def raw(body: Any) -> Reply:
    return Reply(body=json.dumps(body), headers={"Content-Type": "application/json"})


async def test_an_endless_answer_is_capped_and_split(house: House) -> None:
    house.openai.says(" ".join(f"Line {number} of the ledger." for number in range(400)))

    await house.alice.send(house.lobby, "@Mirela read me the ledger")

    parts = answers(house.lobby)
    assert 1 < len(parts) <= 4
    assert all(0 < len(part) <= 2000 for part in parts)
    assert parts[-1].endswith("…")
    assert parts[0].startswith("Line 0 of the ledger.")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "  \n ",
        "<think>What do I say?</think>",
        "@Mirela how was the night?",
        SYSTEM_PROMPT,
    ],
    ids=["empty", "blank", "thoughts only", "an echo", "the prompt"],
)
async def test_what_cannot_be_said_is_asked_for_again(house: House, bad: str) -> None:
    house.openai.says(bad, bad, GOOD)

    await house.alice.send(house.lobby, "@Mirela how was the night?")

    assert answers(house.lobby) == [GOOD]
    assert len(house.openai.requests) == 3


async def test_what_was_said_before_is_asked_for_again(house: House) -> None:
    house.openai.says(GOOD)
    await house.alice.send(house.lobby, "@Mirela hello")
    house.openai.says(GOOD.upper(), "It boiled over.")

    await house.alice.send(house.lobby, "@Mirela hello again")

    assert answers(house.lobby) == [GOOD, "It boiled over."]


async def test_three_times_nothing_is_told_in_words(house: House) -> None:
    house.openai.says("", "", "", "never asked for")

    await house.alice.send(house.lobby, "@Mirela hello")

    assert answers(house.lobby) == []
    assert "**Mirela** had no usable reply" in house.lobby.history()[-1].content
    assert len(house.openai.requests) == 3


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": GOOD}],
        f"\x00{GOOD}\ud83d",
        f"<seed:think>hm</seed:think>{GOOD}<|im_end|>\nuser\nAnd?",
    ],
    ids=["parts", "NUL and half a character", "marks of the model"],
)
async def test_only_what_can_be_said_and_stored_is_said(house: House, content: Any) -> None:
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": content}}
    house.openai.replies.append(raw({"choices": [choice]}))
    await house.alice.send(house.lobby, "@Mirela hello")
    house.openai.says("It boiled over.")

    await house.alice.send(house.lobby, "@Mirela hello again")

    assert answers(house.lobby) == [GOOD, "It boiled over."]
    assert GOOD in house.openai.prompts[-1]


async def test_the_words_of_the_vendor_are_for_the_operator_alone(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.openai.replies.append(
        Reply(status=401, message="Incorrect API key provided: sk-proj-abcd. org-SECRET123")
    )

    await house.alice.send(house.lobby, "@Mirela hello")

    assert "sk-proj" not in str(spoken(house.lobby))
    assert "org-SECRET" not in str(spoken(house.lobby))
    assert "org-SECRET" in caplog.text


@pytest.mark.parametrize("prefix", ["Mirela: ", "**Mirela:** ", "mirela : ", "**Mirela**: "])
async def test_its_own_name_before_an_answer_is_taken_away(house: House, prefix: str) -> None:
    house.openai.says(prefix + GOOD)

    await house.alice.send(house.lobby, "@Mirela hello")

    assert answers(house.lobby) == [GOOD]


async def test_nobody_is_pinged_by_what_a_model_says(house: House) -> None:
    house.openai.says(f"@everyone @here <@{house.bob.id}> look")

    await house.alice.send(house.lobby, "@Mirela call them all")

    message = house.lobby.history()[-1]
    sent = [each.json for each in house.env.http_requests if each.path.startswith("/webhooks/")]
    assert message.content.startswith("@everyone")
    assert not message.mention_everyone
    assert [each["allowed_mentions"] for each in sent if each] == [{"parse": []}]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            Reply(status=429, headers={"Retry-After": "60"}),
            "is rate-limited. Try again in 60 seconds.",
        ),
        (Reply(status=429, headers={"Retry-After": "inf"}), "Try again in 3600 seconds."),
        (Reply(text="", refusal="I will not."), "declined to answer that"),
        (Reply(status=401), "its vendor does not accept the API key"),
        (raw({"error": {"code": 402, "message": "Insufficient credits"}}), "no credit left"),
        (raw({"choices": [{"finish_reason": "length", "message": {"content": ""}}]}), ALL_THOUGHT),
        (raw({"choices": [{"finish_reason": "length", "message": {}}]}), ALL_THOUGHT),
        (Reply("<think>alice asks about", finish_reason="length"), ALL_THOUGHT),
    ],
    ids=["429", "429 forever", "refusal", "401", "402 in a 200", *("all thought",) * 3],
)
async def test_a_model_that_fails_is_told_of_and_the_next_answer_knows_the_message(
    house: House, reply: Reply, expected: str
) -> None:
    house.openai.replies.append(reply)
    await house.alice.send(house.lobby, "@Mirela my boat is the Heron")
    excuse = house.lobby.history()[-1]

    await house.bob.send(house.lobby, "@Mirela which boat?")

    assert expected in excuse.content
    assert excuse.content.startswith("-# ")
    assert excuse.reference is not None
    assert answers(house.lobby) == ["Aye."]
    assert "alice: @Mirela my boat is the Heron" in house.openai.prompts[-1]


async def test_a_model_that_stays_broken_is_given_up(house: House) -> None:
    house.openai.replies.extend([Reply(status=500, headers={"Retry-After": "0"})] * 9)

    await house.alice.send(house.lobby, "@Mirela hello")

    assert "is not responding" in house.lobby.history()[-1].content


@pytest.mark.parametrize("text", ["@Mirela I want to kill myself", "@Bex je veux mourir"])
async def test_crisis_words_are_met_with_help_and_no_model(house: House, text: str) -> None:
    await house.alice.send(house.lobby, text)

    who, reply = spoken(house.lobby)[-1]
    assert who == house.env.backend.bot_user.name
    assert "https://findahelpline.com" in reply
    assert house.openai.requests == []


async def test_crisis_words_in_the_same_breath_are_met_with_help_too(house: House) -> None:
    held = hold(house, "Evening.")
    post(house, house.alice, house.lobby, "@Mirela hello")
    await held.requested.wait()

    post(house, house.alice, house.lobby, "I want to kill myself")
    held.set()
    await house.env.settle()

    texts = [text for _, text in spoken(house.lobby)]
    assert any("https://findahelpline.com" in text for text in texts)
    assert "Evening." in texts
    assert not any("kill" in prompt for prompt in house.openai.prompts)


async def test_a_channel_deleted_while_it_types_ends_in_silence(house: House) -> None:
    held = hold(house, "Too late.")
    post(house, house.alice, house.lobby, "@Mirela hello")
    await held.requested.wait()

    house.env.backend.delete_channel(house.lobby.id)
    held.set()
    await house.env.settle()

    assert "Too late." not in house.env.transcript()


REFUSALS = [
    (400, 240000, "harmful links filter", "a link that Discord blocks"),
    (400, 200000, "automatic moderation", "AutoMod blocked it"),
    (400, 200001, "automatic moderation", "AutoMod blocked it"),
    (400, 20009, "Explicit content", "is not age-restricted"),
    (400, 50083, "Thread is archived", "this thread is archived"),
    (400, 160005, "Thread is locked", "this thread is locked"),
    (400, 40067, "A tag is required", "demands a tag"),
    (413, 40005, "Request entity too large", "it is too large"),
    (400, 50035, "Invalid Form Body", "gave no reason"),
    (400, 999999, "A code of next year", "gave no reason"),
    (403, 50013, "Missing Permissions", "I need the permission **Send Messages**"),
    (403, 50001, "Missing Access", "I need the permission **View Channel**"),
    (429, 20016, "Slowmode", "limits how fast"),
    (429, 20028, "Write rate limit", "limits how fast"),
    (503, 0, "Service Unavailable", "Discord is not responding"),
]


@pytest.mark.parametrize(("status", "code", "message", "words"), REFUSALS)
async def test_what_discord_refuses_is_told_in_words(
    house: House, status: int, code: int, message: str, words: str
) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    times = 9 if status == 503 else 1
    house.env.inject_error(
        "POST", "/webhooks/*", status=status, code=code, message=message, times=times
    )
    house.openai.says(GOOD)

    await house.alice.send(house.lobby, "@Mirela and the day?")

    excuse = house.lobby.history()[-1]
    assert words in excuse.content
    assert "Something went wrong" not in excuse.content


@pytest.mark.parametrize(("status", "code"), [(401, 50027), (404, 10015)])
async def test_a_dead_webhook_is_replaced(house: House, status: int, code: int) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    house.env.inject_error("POST", "/webhooks/*", status=status, code=code, times=1)
    house.openai.says(GOOD)

    await house.alice.send(house.lobby, "@Mirela and the day?")

    first, second = (each for each in house.lobby.history() if each.webhook_id)
    assert second.content == GOOD
    assert first.webhook_id != second.webhook_id


async def test_a_name_that_discord_refuses_is_said_in_the_message(house: House) -> None:
    await invent(house, house.alice, "Hereward")
    house.env.inject_error(
        "POST", "/webhooks/*", status=400, code=50035, message=REFUSED_NAME, times=1
    )
    house.openai.says("One.", "Two.")

    await house.alice.send(house.lobby, "@Hereward hello")
    await house.alice.send(house.lobby, "@Hereward hello again")

    assert spoken(house.lobby)[-3:] == [
        ("Troupe", "**Hereward:** One."),
        ("alice", "@Hereward hello again"),
        ("Troupe", "**Hereward:** Two."),
    ]
