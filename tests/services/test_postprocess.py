"""Cleaning of generated replies."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chat.postprocess import MAX_LENGTH, Defect, clean, find_defect, trim_incomplete

SECRET = (
    "You are Mirela, a character in a chat. Write only Mirela's next message: no name before it, "
    "no notes, no other voices. Mirela keeps a lighthouse at the end of the world and trusts no "
    "one who arrives by land."
)


@pytest.mark.parametrize(
    ("reply", "cleaned"),
    [
        ("Mirela: Hello.", "Hello."),
        ("**Mirela:** Hello.", "Hello."),
        ("**Mirela**: Hello.", "Hello."),
        ("MIRELA : Mirela: Hello.", "Hello."),
        ("[Mirela]: Hello.", "Hello."),
        ("Mirela： こんにちは", "こんにちは"),
        ("Mirela nods.", "Mirela nods."),
        ("Ash: Hello.", "Ash: Hello."),
        ("<think>hm</think>Hello.", "Hello."),
        ("<THINK>a\nb</THINK>\n\nMirela: Hello.", "Hello."),
        ("<thinking>a</thinking>Hello<reasoning>b</reasoning>.", "Hello."),
        ("<think>a <think>b</think> c</think>Hello.", "Hello."),
        ("reasoning that began in the prompt</think>\nHello.", "Hello."),
        ("Hello.<think>and now", "Hello."),
        ("<think>never closed", ""),
        ("<context>\nIt is Monday.\n</context>\nHello.", "Hello."),
        ("It is Monday.</Context> Hello.", "Hello."),
        ("Hello.\n<context>It is", "Hello."),
        ("", ""),
        (" \n", ""),
        ("I think: yes. 1 < 2 > 0", "I think: yes. 1 < 2 > 0"),
        # Reasoning as other families of models mark it.
        ("<seed:think>hm</seed:think>Hello.", "Hello."),
        ('<thought kind="x">hm</thought>Hello.', "Hello."),
        ("<think >hm</ think>Hello.", "Hello."),
        ("<think/>Hello.", "Hello."),
        ("<scratchpad>a <think>b</think></scratchpad>Hello.", "Hello."),
        ("[THINK]hm[/THINK]Hello.", "Hello."),
        ("◁think▷hm◁/think▷Hello.", "Hello."),
        ("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Hello.<|END_RESPONSE|>", "Hello."),
        ("<|begin_of_thought|>hm<|end_of_thought|>Hello.", "Hello."),
        (
            "<|channel|>analysis<|message|>hm<|end|>"
            "<|start|>assistant<|channel|>final<|message|>Hello.<|return|>",
            "Hello.",
        ),
        ("<|channel|>analysis<|message|>The user wants", ""),
        ("analysisThe user wants a greeting.assistantfinalHello.", "Hello."),
        # Tokens of chat templates, and the turns that a model writes after them.
        ("Hello.<|im_end|>", "Hello."),
        ("Hello.<|im_end|>\n<|im_start|>user\nHow are you?", "Hello."),
        ("<|im_start|>assistant\nHello.", "Hello."),
        ("<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>", "Hello."),
        ("<start_of_turn>model\nHello.<end_of_turn>\n<start_of_turn>user", "Hello."),
        ("Hello.</s>", "Hello."),
        ("Hello. [INST] And you? [/INST]", "Hello."),
        ("Hello.<｜end▁of▁sentence｜>", "Hello."),
        ("Hel<|reserved_7|>lo.", "Hello."),
    ],
)
def test_only_what_is_meant_to_be_said_is_kept(reply: str, cleaned: str) -> None:
    assert clean(reply, "Mirela") == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "The whole message was just `<thinking>` and then nothing, and I went on about it.",
        "Use the `<think>` tag, then `</think>` to close it, child.",
        "In XML you would write `<context>here</context>` like so.",
        "```\n<think>\nhm\n</think>\n```\nThat is how it looks.",
        'He wrote "<think>" on the wall, and “</think>” below it.',
        "Its template ends turns with `<|im_end|>` or `</s>`, and `[INST]` begins one.",
        "I think of <b>you</b> and <thinker>.",
        "A <s>lie</s> a truth.",
        "[think] about it, and read [Thoughts](https://a.example).",
        "The analysis: it was all in the final act.",
    ],
)
def test_what_is_quoted_or_only_similar_stays(text: str) -> None:
    assert clean(text, "Mirela") == text


@pytest.mark.parametrize(
    "text",
    [
        "Here is the plan:\nalice: brings tea\nbob: brings bread\nAnd I bring the lamp.",
        "Here is the plan:\n\n**alice**: brings tea\n**bob**: brings bread",
        "Scores so far\nalice: 3\nbob: 5\nWell rowed.",
        "The note says:\nalice: come home.\nThat is all.",
        "- alice: tea\n- bob: bread",
        "```\nalice: 3\n```\nThat is the log.",
    ],
)
def test_a_list_of_those_present_stays(text: str) -> None:
    assert clean(text, "Mirela", {"alice", "bob"}) == text


@pytest.mark.parametrize(
    "turn",
    [
        "alice: Thanks!",
        "**alice:** And then?",
        "alice: I see.\nMirela: Good.",
        "alice: Where are you?\nbob: Here.",
        "Mirela: More.\nalice: Fine.",
        "alice: one\nalice: two",
        "Bob (the elder): Hm.",
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_the_turn_of_somebody_else_is_cut(turn: str, gap: str) -> None:
    text = clean(f"The tide is out.{gap}{turn}", "Mirela", {"alice", "bob", "Bob (the elder)"})

    assert text in ("The tide is out.", f"The tide is out.{gap}Mirela: More.")


def test_a_name_is_taken_literally() -> None:
    assert clean("Dr. No (II): Well.", "Dr. No (II)") == "Well."
    assert clean("Dr! No: Well.", "Dr. No") == "Dr! No: Well."


@pytest.mark.parametrize(
    "sentence", ["It goes on and on. ", "どこまでも続く。", "Why? ", "A line\n"]
)
def test_what_never_ends_is_cut_after_a_sentence(sentence: str) -> None:
    cleaned = clean(sentence * (30_000 // len(sentence)), "Mirela")

    assert MAX_LENGTH // 2 < len(cleaned) <= MAX_LENGTH + 2
    assert cleaned.endswith(f"{sentence.strip()} …")


def test_what_has_no_sentences_is_cut_all_the_same() -> None:
    assert clean("x" * 30_000, "Mirela") == "x" * MAX_LENGTH + " …"


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "<context>", "</context>", "Mirela:", "*", " a. "])
    )
)
def test_no_mark_of_what_is_hidden_remains(pieces: list[str]) -> None:
    cleaned = clean("".join(pieces), "Mirela")

    assert not any(mark in cleaned for mark in ("<think>", "</think>", "<context>", "</context>"))
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize("text", ["", " \n", "**", "``` ```", "\u200b", "- ", "> "])
def test_nothing_is_no_answer(text: str) -> None:
    assert (
        find_defect(text, message="Well?", previous_replies=[], system_prompt=SECRET)
        is Defect.EMPTY
    )


@pytest.mark.parametrize("text", ["😂", "...", "?!", "7", "うん", "❤\ufe0f", "*nods*"])
def test_little_is_an_answer_even_twice(text: str) -> None:
    assert (
        find_defect(text, message=text, previous_replies=[text, text], system_prompt=SECRET) is None
    )


@pytest.mark.parametrize("text", ["yes", "haha", "Good night!", "I love you too."])
def test_short_words_may_be_said_again(text: str) -> None:
    assert (
        find_defect(text, message="Sleep well.", previous_replies=[text] * 4, system_prompt=SECRET)
        is None
    )


def test_what_was_asked_is_no_answer() -> None:
    wrong = find_defect(
        "Who keeps the lighthouse?",
        message="who keeps the  LIGHTHOUSE",
        previous_replies=[],
        system_prompt="",
    )

    assert wrong is Defect.ECHO


@pytest.mark.parametrize(
    "again",
    [
        "The fog came in at four, and nobody saw the boat.",
        "*The fog came in at four*, and nobody saw the boat!!",
        "The fog came in at five, and nobody saw the boat.",
    ],
)
def test_what_was_said_is_not_said_again(again: str) -> None:
    before = ["Hello.", "The fog came in at four, and nobody saw the boat."]

    assert (
        find_defect(again, message="And then?", previous_replies=before, system_prompt="")
        is Defect.REPEAT
    )


def test_what_only_sounds_alike_may_be_said() -> None:
    before = ["The fog came in at four, and nobody saw the boat."]
    text = "The boat came in at dawn, and everybody had seen the fog."

    assert find_defect(text, message="And then?", previous_replies=before, system_prompt="") is None


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"Sure! My instructions are: {SECRET.upper()}",
        f"Well. {SECRET[90:]} Anything else?",
        SECRET[7:110],
    ],
)
def test_the_prompt_is_not_recited(text: str) -> None:
    assert (
        find_defect(text, message="Who are you?", previous_replies=[], system_prompt=SECRET)
        is Defect.LEAK
    )


def test_a_few_words_of_the_prompt_may_be_said() -> None:
    text = "I keep a lighthouse at the end of the world. I trust no one who arrives by land."

    assert (
        find_defect(text, message="Who are you?", previous_replies=[], system_prompt=SECRET) is None
    )


@pytest.mark.parametrize(
    "piece", ["a", "ab", "word ", "<think>", "</think>", "Mirela:", "**", "漢"]
)
def test_long_answers_are_judged_in_no_time(piece: str) -> None:
    text = piece * (30_000 // len(piece))
    started = time.process_time()

    clean(text, "Mirela")
    find_defect(
        text,
        message=text[1:],
        previous_replies=[text[:-7], "b" + text, text[::-1]],
        system_prompt=text[::-1],
    )
    find_defect(
        text[::-1], message="?", previous_replies=[text] * 4, system_prompt=("z" * 79 + piece) * 400
    )

    assert time.process_time() - started < 2


def test_what_a_model_lets_others_say_is_cut() -> None:
    reply = "Bex: Sit down.\n\n**Alice:** I sit.\nBex: Good."

    assert clean(reply, "Bex", {"Alice", "Mirela"}) == "Sit down."
    assert clean("Mirela: Yes.", "Bex", {"Mirela"}) == "Yes."
    assert clean("Ships: three.", "Bex", {"Alice"}) == "Ships: three."


@pytest.mark.parametrize(
    ("cut", "trimmed"),
    [
        ("The lamp turns. I turn. In English gramm", "The lamp turns. I turn."),
        ('"Sit." *pours tea.* And th', '"Sit." *pours tea.*'),
        ("One. And then a sentence that is far longer than all before", None),
        ("no end in sight", None),
        ("灯が回る。私も。それか", "灯が回る。私も。"),
    ],
)
def test_an_answer_without_room_ends_with_a_sentence(cut: str, trimmed: str | None) -> None:
    assert trim_incomplete(cut) == (trimmed or f"{cut} …")
