"""Who answers a message."""

from dataclasses import replace

import pytest

from services.access import Situation
from services.personalities import Visibility
from tests.cogs.concurrent import actor, invent, open_thread, pass_debounce, post, speakers, spoken
from tests.cogs.conftest import House


async def test_a_reply_to_a_personality_needs_no_name(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    first = house.lobby.history()[-1]
    await house.alice.send(house.lobby, "@Bex hello")

    await house.bob.send(house.lobby, "and you, @Bex?", reply_to=first)

    assert speakers(house) == ["Mirela", "Bex", "Mirela"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@mirela, are you up?", ["Mirela"]),
        ("is @Professor Quill in?", ["Professor Quill"]),
        ("@Professor Quill Junior knows", ["Professor Quill Junior"]),
        ("@the Keeper's lamp is out", ["Mirela"]),
        ("@Bex, then @Mirela, then @bex again", ["Bex", "Mirela"]),
        ("mirela@example.com and @nobody at all", []),
    ],
)
async def test_names_and_aliases_call_the_longest_that_fits(
    house: House, text: str, expected: list[str]
) -> None:
    await invent(house, house.alice, "Professor Quill Junior")
    mirela = await house.services.personalities.find("Mirela", Situation(account_ids={1}))
    boss = replace(actor(house.boss), is_bot_owner=True)
    await house.services.personalities.add_alias(boss, mirela.id, "The Keeper")

    await house.bob.send(house.lobby, text)

    assert speakers(house) == expected


async def test_five_at_most_answer_one_message(house: House) -> None:
    names = ["Ada", "Ben", "Cyd", "Dot", "Eli", "Fay"]
    for name in names:
        await invent(house, house.alice, name)
    house.openai.says(*(f"I am {name} and no other." for name in names))

    await house.bob.send(house.lobby, " ".join(f"@{name}," for name in names))

    assert speakers(house) == names[:5]


async def test_an_activated_personality_answers_everything_there_and_in_threads(
    house: House,
) -> None:
    thread = open_thread(house, house.lobby)
    await house.moderator.slash(house.lobby, "channel activate", personality="Bex")

    await house.alice.send(house.lobby, "cold night")
    await house.alice.send(thread, "colder here")

    assert speakers(house) == ["Bex"]
    assert spoken(thread)[-1][0] == "Bex"


async def test_a_dm_is_answered_by_whom_its_user_chose(house: House) -> None:
    alice = house.alice.user
    await alice.send_dm("anyone?")
    await alice.slash("chat with", personality="Mirela")

    await alice.send_dm("and now?")
    await alice.send_dm("@Bex you too?")

    replies = [m.content for m in alice.dm_channel.history() if m.author.id != alice.id]
    assert "There is no personality here to answer yet" in replies[0]
    assert replies[1:] == ["**Mirela:** Aye.", "**Bex:** Aye."]


async def test_a_mention_of_the_bot_calls_the_last_speaker_or_gives_a_hint(house: House) -> None:
    bot = f"<@{house.env.backend.bot_user.id}>"
    await house.alice.send(house.lobby, f"{bot} hello?")
    hint = house.lobby.history()[-1].content
    await house.alice.send(house.lobby, "@Bex hello")

    await house.bob.send(house.lobby, f"{bot} hello?")

    assert "There is no personality here to answer yet" in hint
    assert speakers(house) == ["Bex", "Bex"]


async def test_bots_and_webhooks_never_trigger(house: House) -> None:
    backend = house.env.backend
    robot = house.guild.add_member(house.env.create_user("robot", bot=True))
    foreign = backend.create_webhook(house.lobby.id, "News", house.boss.id)

    await robot.send(house.lobby, "@Mirela hello")
    backend.create_message(
        house.lobby.id, foreign.webhook_user_id, "@Mirela hello", webhook_id=foreign.id
    )
    await house.env.settle()

    assert house.openai.requests == []


async def test_a_private_personality_answers_its_owners_only(house: House) -> None:
    await invent(house, house.alice, "Secret", visibility=Visibility.PRIVATE)
    bot = f"<@{house.env.backend.bot_user.id}>"
    await house.alice.send(house.lobby, "@Secret it is me")
    answer = house.lobby.history()[-1]

    await house.bob.send(house.lobby, "@Secret it is me")
    await house.bob.send(house.lobby, "and me", reply_to=answer)
    await house.bob.send(house.lobby, f"{bot} and me")

    assert speakers(house) == ["Secret"]
    assert "There is no personality here to answer yet" in house.lobby.history()[-1].content


async def test_where_it_is_activated_everybody_may_call_a_private_personality(
    house: House,
) -> None:
    secret = await invent(house, house.moderator, "Secret", visibility=Visibility.PRIVATE)
    await house.moderator.slash(house.lobby, "channel activate", personality="Secret")

    await house.bob.send(house.lobby, "@Secret it is me")
    await house.moderator.slash(house.lobby, "channel deactivate", personality="Secret")
    await house.bob.send(house.lobby, "@Secret still me")

    assert speakers(house) == [secret.name]


@pytest.mark.parametrize("text", ["@", "@@@ @ @", "@" + "x" * 1990, "`@`", "@*_~|", "@%_\\"])
async def test_whatever_stands_after_an_at_is_survived(house: House, text: str) -> None:
    await house.bob.send(house.lobby, text)

    assert house.openai.requests == []


async def test_a_file_without_words_is_answered_where_everything_is(house: House) -> None:
    await house.moderator.slash(house.lobby, "channel activate", personality="Bex")

    await house.alice.send(house.lobby, "", attachments=[("ship.bin", b"\x00\xff")])

    assert speakers(house) == ["Bex"]
    assert "⟦attached: ship.bin⟧" in house.openai.prompts[0]


async def test_a_deleted_personality_answers_no_more(house: House) -> None:
    personality = await invent(house, house.alice, "Ghost")
    await house.alice.send(house.lobby, "@Ghost hello")
    answer = house.lobby.history()[-1]
    await house.services.personalities.delete(actor(house.alice), personality.id)
    pass_debounce(house)

    await house.alice.send(house.lobby, "still there?", reply_to=answer)
    post(house, house.alice, house.lobby, "@Ghost?")
    await house.env.settle()

    assert speakers(house) == ["Ghost"]


async def test_to_mention_a_member_is_not_to_call_a_namesake(house: House) -> None:
    namesake = house.guild.add_member(house.env.create_user("Mirela"))

    await house.alice.send(house.lobby, f"{namesake.mention} are you there?")

    assert house.openai.requests == []
