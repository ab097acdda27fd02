"""Actions on an answer, by its button and by its menus."""

from typing import Any

import pytest
from simcord.actors import MemberActor
from simcord.results import InteractionResult
from sqlalchemy import select

from db.models import ConversationLine, Memory
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from tests.cogs.concurrent import answers, restart
from tests.cogs.conftest import House
from tests.cogs.forms import use_menu

FIRST = "The fog came in at four and never left."
SECOND = "At five, if you must know."
REFUSAL = "Only the person who was answered, or a moderator, can do that."
MENUS = ("Regenerate", "Edit", "Delete", "Why this reply?")


async def ask(house: House, *texts: str) -> None:
    house.openai.says(*texts)
    await house.alice.send(house.lobby, "@Mirela how was the night?")


async def use(house: House, who: MemberActor, menu: str) -> InteractionResult:
    """Choose from the menu of the last message."""
    last = house.lobby.history()[-1]
    return await use_menu(who, house.lobby, menu, last)


def reply_text(result: InteractionResult) -> str:
    """Return the texts of a response, all of which must be ephemeral."""
    shown = [each for each in (result.response, *result.followups) if each is not None]
    assert all(each.ephemeral for each in shown)
    return "\n".join(each.content for each in shown)


async def stored_texts(sessions: Sessions) -> tuple[list[str], list[str]]:
    """Return the answers in the history that are not deleted, and the memories."""
    async with sessions() as session:
        lines = select(ConversationLine.content).where(
            ConversationLine.role == "assistant", ConversationLine.deleted_at.is_(None)
        )
        return [*await session.scalars(lines)], [*await session.scalars(select(Memory.content))]


async def test_regenerating_says_something_else_in_the_same_message(
    house: House, sessions: Sessions
) -> None:
    await ask(house, FIRST, SECOND)
    before = house.lobby.history()[-1]

    result = await use(house, house.alice, "Regenerate")

    after = house.lobby.history()[-1]
    lines, memories = await stored_texts(sessions)
    assert (after.id, after.content) == (before.id, SECOND)
    assert reply_text(result) == "The answer was regenerated."
    assert lines == [SECOND]
    assert len(memories) == 1
    assert SECOND in memories[0]
    assert FIRST not in house.openai.prompts[-1]


async def test_a_regenerated_answer_is_another_one(house: House) -> None:
    await ask(house, FIRST, FIRST, SECOND)

    await use(house, house.alice, "Regenerate")

    assert answers(house.lobby) == [SECOND]


async def test_an_answer_that_cannot_be_had_again_stays(house: House) -> None:
    await ask(house, FIRST, "", "", "")

    result = await use(house, house.alice, "Regenerate")

    assert "had no usable reply" in reply_text(result)
    assert answers(house.lobby) == [FIRST]


async def test_editing_puts_other_words_into_channel_history_and_memory(
    house: House, sessions: Sessions
) -> None:
    await ask(house, FIRST)

    form = await use(house, house.alice, "Edit")
    result = await house.alice.submit_modal(form, {"text": SECOND})

    lines, memories = await stored_texts(sessions)
    assert reply_text(result) == "Changed."
    assert answers(house.lobby) == [SECOND]
    assert (lines, len(memories)) == ([SECOND], 1)
    assert SECOND in memories[0]


@pytest.mark.parametrize("text", ["Short now.", "A word more. " * 300])
async def test_an_answer_of_several_messages_may_shrink_and_grow(
    house: House, sessions: Sessions, text: str
) -> None:
    await ask(house, " ".join(f"Line {number} of it." for number in range(250)))

    form = await use(house, house.alice, "Edit")
    await house.alice.submit_modal(form, {"text": text})

    lines, memories = await stored_texts(sessions)
    assert " ".join(answers(house.lobby)) == text.strip()
    assert (lines, len(memories)) == ([text.strip()], 1)
    assert text[:9] in memories[0]


async def test_deleting_takes_an_answer_back_and_forgets_it(
    house: House, sessions: Sessions
) -> None:
    await ask(house, FIRST)

    result = await use(house, house.alice, "Delete")

    assert reply_text(result) == "The answer was deleted and forgotten."
    assert answers(house.lobby) == []
    assert await stored_texts(sessions) == ([], [])


async def test_why_tells_model_config_persona_tokens_and_memories(house: House) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, "@Mirela my sister Ottilie sails the Heron")
    house.openai.says("On the Heron, as you said.")
    await house.alice.send(house.lobby, "@Mirela on which ship does my sister Ottilie sail?")

    result = await use(house, house.alice, "Why this reply?")

    assert result.response is not None
    (embed,) = result.response.embeds
    fields: dict[str | None, Any] = {field.name: field.value for field in embed.fields}
    assert embed.title == "Why Mirela said that"
    assert fields["Model"] == "`openai/gpt-6-luna`"
    assert fields["Config"] == "OpenAI\n*chosen by the global default*"
    assert fields["Persona"] == "alice\n*chosen by your default*"
    assert fields["Personality"] == "version 1"
    assert "read (0 cached)" in fields["Tokens"]
    assert "my sister Ottilie sails the Heron" in fields["Memories used"]


async def test_a_moderator_sees_how_but_not_what_is_remembered(house: House) -> None:
    other = house.guild.create_text_channel("other")
    await house.alice.send(other, "@Mirela my sister Ottilie sails the Heron")
    house.openai.says("On the Heron, as you said.")
    await house.alice.send(house.lobby, "@Mirela on which ship does my sister Ottilie sail?")

    result = await use(house, house.moderator, "Why this reply?")

    assert result.response is not None
    (embed,) = result.response.embeds
    assert embed.fields[-1].name == "Memories used"
    assert "…" in str(embed.fields[-1].value)
    assert "Ottilie" not in str(embed.to_dict())


async def test_what_was_forgotten_is_not_shown_by_why(house: House, sessions: Sessions) -> None:
    other = house.guild.create_text_channel("other")
    message = await house.alice.send(other, "@Mirela my sister Ottilie sails the Heron")
    house.openai.says("So I heard.")
    await house.alice.send(house.lobby, "@Mirela how does my sister sail, the Heron that is?")
    await house.alice.delete(message)

    result = await use(house, house.alice, "Why this reply?")

    assert result.response is not None
    assert "Ottilie" not in str(result.response.embeds[0].to_dict())


@pytest.mark.parametrize("menu", MENUS)
async def test_an_answer_is_not_a_strangers(house: House, menu: str) -> None:
    await ask(house, FIRST)

    result = await use(house, house.bob, menu)

    assert reply_text(result) == REFUSAL
    assert answers(house.lobby) == [FIRST]


@pytest.mark.parametrize("menu", MENUS)
async def test_what_is_no_answer_has_no_menus(house: House, menu: str) -> None:
    await house.alice.send(house.lobby, "just talking")

    result = await use(house, house.alice, menu)

    assert reply_text(result).startswith("That message is not a personality's answer")


async def test_the_button_opens_a_panel_for_whom_it_answers(house: House) -> None:
    await ask(house, FIRST, SECOND)
    answer = house.lobby.history()[-1]

    refused = await house.bob.click(answer, label="⋯")
    panel = await house.alice.click(answer, label="⋯")

    assert reply_text(refused) == REFUSAL
    assert panel.response is not None
    result = await house.alice.click(panel.response, label="Regenerate")
    assert reply_text(result) == "The answer was regenerated."
    assert answers(house.lobby) == [SECOND]


async def test_a_moderator_may_delete_by_the_button(house: House) -> None:
    await ask(house, FIRST)

    panel = await house.moderator.click(house.lobby.history()[-1], label="⋯")
    assert panel.response is not None
    await house.moderator.click(panel.response, label="Delete")

    assert answers(house.lobby) == []


async def test_buttons_outlive_the_process(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    await ask(house, FIRST, SECOND)
    old_panel = await house.alice.click(house.lobby.history()[-1], label="⋯")
    await restart(house, sessions, models, embedder)

    panel = await house.alice.click(house.lobby.history()[-1], label="⋯")
    assert old_panel.response is not None
    assert panel.response is not None
    await house.alice.click(old_panel.response, label="Regenerate")
    form = await house.alice.click(panel.response, label="Edit")
    await house.alice.submit_modal(form, {"text": "At six."})

    assert answers(house.lobby) == ["At six."]


async def test_answers_in_dms_can_be_changed_and_taken_back(house: House) -> None:
    alice = house.alice.user
    house.openai.says(FIRST, SECOND)
    await alice.send_dm("@Mirela how was the night?")
    answer = alice.dm_channel.history()[-1]

    panel = await alice.click(answer, label="⋯")
    await alice.click(panel.response, label="Regenerate")
    again = [m.content for m in alice.dm_channel.history() if m.id == answer.id]
    await alice.click(panel.response, label="Delete")

    assert again == [f"**Mirela:** {SECOND}"]
    assert answer.id not in [m.id for m in alice.dm_channel.history()]
