"""`/privacy`: export, deletion and opt-out."""

import json

import pytest
from simcord.actors import MemberActor
from sqlalchemy import select, text

from db.base import Base
from db.models import ConversationLine, Memory
from db.session import Sessions
from services.access import Situation
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from services.privacy import PrivacyService
from services.privacy.quotes import phrases_of, repeats
from tests.cogs.concurrent import actor, answers, hold, invent, post, restart
from tests.cogs.conftest import House

CANARY = "xylocanthus"


async def opt_out(house: House, who: MemberActor) -> None:
    confirmation = await who.slash(house.lobby, "privacy optout")
    assert confirmation.response is not None
    assert confirmation.response.ephemeral
    done = await who.click(confirmation.response, label="Opt out")
    assert done.response is not None
    assert "nothing you say is read or kept" in done.response.content


async def delete(house: House, who: MemberActor) -> None:
    confirmation = await who.slash(house.lobby, "privacy delete")
    assert confirmation.response is not None
    done = await who.click(confirmation.response, label="Delete everything")
    assert done.response is not None
    assert done.response.content.startswith("Nothing is kept of you")


async def tables_with(sessions: Sessions, word: str) -> list[str]:
    """Return the tables that contain a word in any column of any row."""
    async with sessions() as session:
        return [
            table.name
            for table in Base.metadata.sorted_tables
            if await session.scalar(
                text(f"SELECT 1 FROM {table.fullname} t WHERE t::text ILIKE :word LIMIT 1"),  # noqa: S608
                {"word": f"%{word}%"},
            )
        ]


async def test_an_export_holds_all_that_is_kept_and_nothing_of_others(house: House) -> None:
    await house.alice.send(house.lobby, f"@Mirela my word is {CANARY}")
    await house.bob.send(house.lobby, "@Mirela my word is plumbago")
    await invent(house, house.alice, "Mine")

    result = await house.alice.slash(house.lobby, "privacy export")

    assert result.response is not None
    (file,) = result.response.attachments
    export = json.loads(await file.read())
    assert result.response.ephemeral
    assert file.filename == "troupe-export.json"
    assert export["user"][0]["discord_id"] == house.alice.id
    assert [each["name"] for each in export["personas"]] == ["alice"]
    assert [each["name"] for each in export["personalities"]] == ["Mine"]
    assert CANARY in export["memories"][0]["content"]
    assert {each["role"] for each in export["conversations"]} == {"user", "assistant"}
    assert export["model_calls"][0]["model"] == "openai/gpt-6-luna"
    assert "plumbago" not in json.dumps(export)
    assert f"{sum(map(len, export.values()))} records" in result.response.content


async def test_an_export_holds_what_a_bystander_said(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    await house.bob.send(house.lobby, f"only {CANARY}")
    await house.alice.send(house.lobby, "@Mirela hello again")

    result = await house.bob.slash(house.lobby, "privacy export")

    assert result.response is not None
    export = json.loads(await result.response.attachments[0].read())
    assert [each["content"] for each in export["conversations"]] == [f"only {CANARY}"]


async def test_deletion_leaves_nothing_of_a_person(house: House, sessions: Sessions) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Mirela my word is {CANARY}")
    await house.bob.send(house.lobby, f"@Mirela what is alice's word, {CANARY[:4]}?")
    await invent(house, house.alice, "Mine")

    await delete(house, house.alice)

    assert await tables_with(sessions, CANARY) == []
    assert await tables_with(sessions, str(house.alice.id)) == []
    assert await tables_with(sessions, "Mine") == []
    assert await tables_with(sessions, str(house.bob.id)) != []


async def test_deletion_reaches_what_is_not_written_down_yet(
    house: House, sessions: Sessions
) -> None:
    await house.bob.send(house.lobby, "@Mirela hello")
    await house.alice.send(house.lobby, f"only {CANARY}")

    await delete(house, house.alice)
    await house.bob.send(house.lobby, "@Mirela what did alice say?")

    assert CANARY not in "\n".join(house.openai.prompts)
    assert await tables_with(sessions, CANARY) == []


async def test_whoever_opted_out_is_stored_nowhere_and_shown_to_no_model(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    await house.bob.send(house.lobby, f"a bystander says {CANARY}")
    await opt_out(house, house.bob)
    await house.moderator.slash(house.lobby, "channel activate", personality="Mirela")

    await house.bob.send(house.lobby, f"@Mirela {CANARY}")
    await house.bob.send(house.lobby, f"{CANARY} to nobody")
    await house.bob.user.send_dm(f"@Mirela {CANARY}")
    message = await house.alice.send(house.lobby, f"ask <@{house.bob.id}> about it")
    await restart(house, sessions, models, embedder)
    await house.alice.send(house.lobby, "who spoke?", reply_to=message)

    assert CANARY not in json.dumps(house.openai.requests)
    assert await tables_with(sessions, CANARY) == []
    assert "alice: ask [someone] about it" in house.openai.prompts[0]
    assert "bob" not in "\n".join(house.openai.prompts)
    assert answers(house.lobby) == ["Aye.", "Aye."]


async def test_opting_out_deletes_what_was_kept(house: House, sessions: Sessions) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, f"@Mirela my word is {CANARY}")
    house.openai.says("I do, but I keep it.")
    await house.bob.send(house.lobby, "@Mirela do you know my word, which is another?")

    await opt_out(house, house.alice)

    assert await tables_with(sessions, CANARY) == []


async def test_opting_out_reaches_what_is_heard_but_not_written_yet(
    house: House, sessions: Sessions
) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    await house.bob.send(house.lobby, f"only {CANARY}")

    await house.services.privacy.opt_out(actor(house.bob))
    await house.alice.send(house.lobby, "@Mirela what did bob say?")

    assert CANARY not in json.dumps(house.openai.requests)
    assert await tables_with(sessions, CANARY) == []


async def test_opting_out_while_a_model_thinks_ends_the_turn(
    house: House, sessions: Sessions
) -> None:
    confirmation = await house.bob.slash(house.lobby, "privacy optout")
    held = hold(house, f"Your word is {CANARY}.")
    post(house, house.bob, house.lobby, f"@Mirela {CANARY}")
    await held.requested.wait()

    assert confirmation.response is not None
    await house.bob.click(confirmation.response, label="Opt out")

    assert answers(house.lobby) == []
    assert await tables_with(sessions, CANARY) == []


async def test_opting_out_is_told_and_ended_by_command(house: House) -> None:
    await opt_out(house, house.alice)

    refused = await house.alice.slash(
        house.lobby, "chat say", personality="Mirela", message="hello"
    )
    ended = await house.alice.slash(house.lobby, "privacy optout")
    await house.alice.send(house.lobby, "@Mirela hello")

    assert refused.response is not None
    assert "You have opted out" in refused.response.content
    assert ended.response is not None
    assert ended.response.content == "You have opted in again."
    assert answers(house.lobby) == ["Aye."]


async def test_an_edit_cannot_bring_in_who_has_opted_out(house: House) -> None:
    house.openai.says("One.", "Two.")
    await opt_out(house, house.bob)
    message = await house.alice.send(house.lobby, "@Mirela hello")

    await house.alice.edit(message, f"@Mirela hello, I am with {house.bob.mention}")
    await house.alice.send(house.lobby, "@Mirela who am I with?")

    assert "I am with [someone]" in house.openai.prompts[-1]


async def test_what_answers_to_others_repeat_is_deleted_as_well(
    house: House, sessions: Sessions
) -> None:
    await house.alice.send(
        house.lobby, "@Mirela I hid the spare key under the blue pot by the door"
    )
    house.openai.says("She hid the key under the blue pot by the door, she says.")
    await house.bob.send(house.lobby, "@Mirela what did alice say?")
    house.openai.says("The boats come in at six.")
    await house.bob.send(house.lobby, "@Mirela and the boats?")

    await house.services.privacy.delete(actor(house.alice))

    async with sessions() as session:
        lines = [*await session.scalars(select(ConversationLine.content))]
        memories = [*await session.scalars(select(Memory.content))]
    assert not any("blue pot" in each for each in [*lines, *memories])
    assert "The boats come in at six." in lines
    assert any("boats" in each for each in memories)


@pytest.mark.parametrize(
    ("own", "other", "is_quote"),
    [
        ("a b c d e f g h i", "x b c d e f g h i y", True),
        ("a b c d e f g h i", "a b c d e f g", False),
        ("my cat is Rex", "He said: My cat, is REX!", True),
        ("my cat is Rex", "my cat is a Rex", False),
        ("hello there Mirela", "hello there Mirela", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_a_quotation_is_eight_words_or_a_whole_short_message(
    own: str, other: str, *, is_quote: bool
) -> None:
    assert repeats(other, phrases_of([own])) is is_quote


async def test_deletion_reaches_the_other_processes(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    """What a bystander said there is not written down later; nor what the channel still has."""
    await house.bob.send(house.lobby, "@Mirela hello")
    await house.alice.send(house.lobby, "my boat is the Heron")
    # Another process deletes: this one still has the line.
    await PrivacyService(sessions).delete(actor(house.alice))

    await house.bob.send(house.lobby, "@Mirela which boat?")
    assert "Heron" not in house.openai.prompts[-1]
    await restart(house, sessions, models, embedder)
    await house.bob.send(house.lobby, "@Mirela which boat, again?")
    assert "Heron" not in house.openai.prompts[-1]
    async with sessions() as session:
        lines = await session.scalars(select(ConversationLine.content))
        assert not any("Heron" in each for each in lines)


async def test_an_export_holds_cards_aliases_and_versions(house: House) -> None:
    card = {"spec": "chara_card_v2", "data": {"name": "Vexa", "description": "A fox."}}
    await house.alice.slash(
        house.lobby, "personality import", card=("c.json", json.dumps(card).encode())
    )
    vexa = await house.services.personalities.find("Vexa", Situation(account_ids={house.alice.id}))
    await house.services.personalities.add_alias(actor(house.alice), vexa.id, "Foxy")

    tables = json.loads((await house.services.privacy.export(actor(house.alice))).data)

    assert "A fox." in tables["personality_cards"][0]["document"]
    assert [each["alias"] for each in tables["personality_aliases"]] == ["Foxy"]
    assert "personality_versions" in tables
