"""Conversations, as people have them."""

from tests.cogs.conftest import House


async def test_a_personality_answers_to_its_name(house: House) -> None:
    house.openai.says("The fog came in at four.")

    await house.alice.send(house.lobby, "@Mirela how was the night?")

    spoken = house.lobby.history()[-1]
    assert (spoken.author.name, spoken.content) == ("Mirela", "The fog came in at four.")
    assert "alice: @Mirela how was the night?" in house.openai.prompts[0]
