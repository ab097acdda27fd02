"""What personalities know of people: facts that were said, where they are known, and `/memory`."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from simcord.components import walk_components
from simcord.results import InteractionResult
from sqlalchemy import text

from db.session import Sessions
from services.memory import FactNotFound
from services.memory.fact_patterns import stated_facts
from tests.cogs.concurrent import actor, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import answer, fields
from tests.cogs.test_memory import private_channel, reply_text


async def said(house: House, *messages: str) -> None:
    """Have Alice say things to Mirela elsewhere in the server, so that only her memory has them."""
    other = house.guild.create_text_channel("other")
    for each in messages:
        pass_debounce(house)
        await house.alice.send(other, f"@Mirela {each}")


async def known(house: House, asked: str = "hello again") -> str:
    """Return the facts in the prompt of a message of Alice."""
    pass_debounce(house)
    await house.alice.send(house.lobby, f"@Mirela {asked}")
    _, _, facts = house.openai.prompts[-1].partition("You know:")
    return facts.partition("You remember:")[0].partition("</context>")[0]


def option(listed: InteractionResult, text: str) -> str:
    """Return the value of the option of a list's menu that has a text."""
    menus = walk_components(answer(listed).components)
    options = next(each["options"] for each in menus if "options" in each)
    return next(each["value"] for each in options if text in each["label"])


@pytest.mark.parametrize(
    ("message", "statements"),
    [
        (
            "Hi! My cat is called Miso and I live in Berlin now. I'm allergic to nuts, and rain.",
            ["has a cat, Miso", "is allergic to nuts", "lives in Berlin"],
        ),
        ("I've moved to New York because of work", ["lives in New York"]),
        ("my cat is called miso", ["has a cat, miso"]),
        ("My favourite colour is dark green, thanks", ["has as favourite colour dark green"]),
        ("Ich wohne in Köln. Meine Katze heißt Minka.", ["Katze heißt Minka", "wohnt in Köln"]),
        ("Vivo en Madrid desde mayo. Tengo 30 años", ["tiene 30 años", "vive en Madrid"]),
        (
            "J'habite à Lyon, ma chienne s'appelle Belle",
            ["chienne : s'appelle Belle", "habite à Lyon"],
        ),
        ("Moro em Lisboa e tenho 22 anos", ["mora em Lisboa", "tem 22 anos"]),
        ("Меня зовут Иван, я живу в Москве", ["живёт в Москве", "зовут Иван"]),
        ("Do I live in Rome?", []),
        ("If I lived in Paris, I would sing. I wish I live in Paris.", []),
        ("“I live in Paris,” she said. *I live in a tower*", []),
        ("I live in fear of you, I work for free, call me later", []),
        ("I'm single-handedly doing it", []),
    ],
)
def test_what_is_plainly_said_is_a_fact(message: str, statements: list[str]) -> None:
    assert sorted(each.statement for each in stated_facts(message)) == statements


async def test_what_was_said_is_known_since_then_and_what_is_new_takes_its_place(
    house: House,
) -> None:
    await said(house, "I live in Paris, and my cat is called Miso", "I live in Berlin now")

    facts = await known(house)

    assert "- alice has a cat, Miso (known since" in facts
    assert "- alice lives in Berlin (known since" in facts
    assert "; before: lives in Paris)" in facts
    assert "- alice lives in Paris" not in facts


async def test_what_is_said_again_is_known_once(house: House) -> None:
    await said(house, "I live in Paris", "I live in Paris", "I live in Berlin", "I live in Berlin")

    facts = await known(house)
    listed = reply_text(await house.alice.slash(house.lobby, "memory facts"))

    assert facts.count("lives in Berlin") == 1
    assert "; before: lives in Paris)" in facts
    assert (listed.count("Berlin"), listed.count("Paris")) == (1, 1)
    assert listed.index("Berlin") < listed.index("~~alice lives in Paris~~")


async def test_what_is_in_the_conversation_is_not_said_twice(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela I live in Paris")

    assert await known(house) == ""


async def test_what_was_said_in_private_ends_nothing_in_public(house: House) -> None:
    await said(house, "I live in Paris")
    await house.alice.send(private_channel(house, "hidden"), "@Mirela I live in Berlin")

    in_public = await known(house)

    assert "alice lives in Paris (known since" in in_public
    assert "Berlin" not in in_public


async def test_two_facts_in_one_breath_are_doubted_and_settled(house: House) -> None:
    await said(house, "I live in Paris. I live in Berlin.")

    doubted = await known(house)
    listed = await house.alice.slash(house.lobby, "memory facts")
    shown = await house.alice.select(answer(listed), [option(listed, "lives in Berlin")])
    await house.alice.click(answer(shown), label="This is right")
    settled = await known(house)

    assert doubted.count("something else was said of it") == 2
    assert "something else was said of it" in reply_text(listed)
    assert "lives in Berlin" in settled
    assert "lives in Paris" not in settled
    assert "something else" not in settled


async def test_what_is_known_is_corrected_and_forgotten_with_what_was_said(house: House) -> None:
    await said(house, "I live in Paris", "my cat is called Miso")
    listed = await house.alice.slash(house.lobby, "memory facts")

    home = await house.alice.select(answer(listed), [option(listed, "lives in Paris")])
    form = await house.alice.click(answer(home), label="Correct")
    await house.alice.submit_modal(form, {"statement": "lives in Tours"})
    cat = await house.alice.select(answer(listed), [option(listed, "has a cat, Miso")])
    await house.alice.click(answer(cat), label="Forget")

    known_of_her = await known(house, "what do you know of me?")
    assert "lives in Tours" in known_of_her
    assert "lives in Paris" not in known_of_her
    assert "Miso" not in house.openai.prompts[-1]


async def test_an_edited_message_changes_what_is_known(house: House) -> None:
    other = house.guild.create_text_channel("other")
    message = await house.alice.send(other, "@Mirela I live in Paris")
    await house.alice.edit(message, "@Mirela I live in Prague")

    facts = await known(house)

    assert "lives in Prague" in facts
    assert "Paris" not in facts


async def test_nobody_sees_or_changes_what_is_known_of_others(house: House) -> None:
    await said(house, "I live in Paris")
    listed = await house.alice.slash(house.lobby, "memory facts")
    fact_id = UUID(option(listed, "lives in Paris"))
    memory, bob = house.services.memory, actor(house.bob)

    others = await house.bob.slash(house.lobby, "memory facts")
    for refused in (
        memory.get_fact(bob, fact_id),
        memory.edit_fact(bob, fact_id, "lives in Rome"),
        memory.settle_fact(bob, fact_id),
        memory.forget_fact(bob, fact_id),
    ):
        with pytest.raises(FactNotFound):
            await refused

    assert "Nothing yet" in reply_text(others)
    assert "lives in Paris" in await known(house)


async def test_what_was_said_before_a_birthday_is_found(house: House, sessions: Sessions) -> None:
    await said(
        house,
        "my birthday is on 1 March",
        *(f"gull number {number} has eaten, and sang well" for number in range(30)),
    )
    async with sessions.begin() as session:
        in_winter = text(
            "UPDATE memories SET created_at = make_date(:year, 2, 10) WHERE content LIKE :words"
        )
        now = datetime.now(UTC)
        year = now.year if (now.month, now.day) >= (3, 1) else now.year - 1
        await session.execute(in_winter, {"year": year, "words": "%number 3 has%"})

    pass_debounce(house)
    await house.alice.send(house.lobby, "@Mirela which gull sang before my birthday?")

    remembered = house.openai.prompts[-1].partition("You remember:")[2]
    assert "gull number 3 has" in remembered


async def test_why_this_reply_shows_what_was_known(house: House) -> None:
    await said(house, "I live in Paris")
    await house.alice.send(house.lobby, "@Mirela hello again")

    last = house.lobby.history()[-1]
    why = await house.alice.context_menu(house.lobby, "Why this reply?", last)

    assert fields(why)["Known of you"] == "- alice lives in Paris"
