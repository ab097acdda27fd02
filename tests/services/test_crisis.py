"""Detection of messages about self-harm."""

import pytest

from services.chat.crisis import is_crisis


@pytest.mark.parametrize(
    "text",
    [
        "I want to die",
        "i just want to die.",
        "honestly i wanna die",
        "I wish I was dead",
        "i wish i were dead",
        "I’m gonna KILL\nmyself",
        "gonna kms",
        "should i kill myself?",
        "I'm going to end it all tonight",
        "im suicidal",
        "I feel really suicidal",
        "I've been cutting myself",
        "i cut myself again last night",
        "I hurt myself on purpose",
        "I don't want to live anymore",
        "I might take my own life",
        "Ich will sterben",
        "ich möchte nicht mehr leben",
        "Ich bringe mich um",
        "Quiero morir",
        "no quiero vivir",
        "je voudrais mourir",
        "quero me matar",
        "voglio farla finita",
        "я хочу умереть",
        "не хочу больше жить",
        "もう死にたい",
        "我想死",
        "我想自杀",
        "不想活了",
    ],
)
def test_a_crisis_is_seen(text: str) -> None:
    assert is_crisis(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I'm dying of laughter",
        "I am dead, that was hilarious",
        "I'm killing myself laughing",
        "this traffic is killing me",
        "I could kill for a coffee",
        "kill the process and start it again",
        "I want to die my hair green",  # spelled like that more often than one thinks
        "I want to diet",
        "I want the dice",
        "it is 10 kms to the border",
        "I cut myself a slice of cake",
        "I cut myself shaving",
        "I hurt myself playing football",
        "the deadline will be the end of me",
        "quiero morir de risa",
        "je veux mourir de rire",
        "voglio morire dal ridere",
        "死にたくない",
        "我想死你了",  # I miss you
    ],
)
def test_a_manner_of_speaking_is_no_crisis(text: str) -> None:
    assert not is_crisis(text)


@pytest.mark.parametrize("words", ["i ", "i want to ", "i'm going to cut myself a ", "\n"])
def test_a_long_message_is_read_to_its_end(words: str) -> None:
    text = words * (4000 // len(words))

    assert not is_crisis(text)
    assert is_crisis(f"{text}. I want to die")
