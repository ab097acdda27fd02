"""Pictures on request: by a command, by a tool call, and where the bot is not."""

import json
import re

import discord
import pytest
from simcord.builders import ChannelHandle
from simcord.results import InteractionResult
from sqlalchemy import select, update

from db.models import ConversationLine, Job, JobStatus, LlmCall, Personality, Photo
from db.session import Sessions
from services.tools import Toolbox
from tests.cogs.concurrent import answers, invent, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, fields
from tests.cogs.test_faces import picture as face
from tests.services.job_support import nothing_due
from tests.vendors.openai import Reply
from tests.vendors.replicate import Fate, ReplicateStandIn

MARK = b"trainedAlgorithmicMedia"
LABEL = "-# AI-generated picture"


@pytest.fixture
async def faces(at_work: House) -> House:
    """The bot at work, whose cast has faces."""
    await at_work.services.cast_faces.add()
    return at_work


def buttons(result: InteractionResult) -> list[str]:
    """Return the labels of the buttons in an answer."""
    return re.findall(r"'label': '([^']*)'", repr(answer(result).components))


def pictures(channel: ChannelHandle) -> list[discord.Message]:
    return [each for each in channel.history() if LABEL in each.content]


async def test_a_picture_follows_the_words(
    faces: House, sessions: Sessions, replicate: ReplicateStandIn
) -> None:
    faces.openai.says("From my window, this morning.")

    asked = await faces.alice.slash(
        faces.lobby, "imagine", personality="Mirela", what="the harbour *at dawn*"
    )
    await nothing_due(sessions)

    assert asked.response is not None
    assert asked.response.content.endswith("asks Mirela for a picture of the harbour \\*at dawn\\*")
    assert "⟦asks you for a picture" in faces.openai.prompts[-1]
    words, picture = [each for each in faces.lobby.history() if each.webhook_id]
    assert words.content == "From my window, this morning."
    assert (picture.author.name, picture.content) == ("Mirela", LABEL)
    (file,) = picture.attachments
    assert file.description == "the harbour *at dawn*"
    assert MARK in await file.read()
    (ordered,) = replicate.predictions.values()
    assert ordered["input"]["prompt"].startswith("the harbour *at dawn*\nWhoever speaks looks as")
    assert len(ordered["input"]["image_input"]) == 1


async def test_it_is_remembered_as_sent(faces: House, sessions: Sessions) -> None:
    await faces.alice.slash(faces.lobby, "imagine", personality="Mirela", what="a gull")
    await nothing_due(sessions)
    pass_debounce(faces)

    await faces.alice.send(faces.lobby, "@Mirela which one did you send?")

    assert "⟦Mirela has sent a picture: a gull⟧" in faces.openai.prompts[-1]


async def test_a_model_may_send_one_where_the_maker_allows(
    faces: House, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        await session.execute(
            update(Personality).where(Personality.name == "Mirela").values(tools=["send_picture"])
        )
    call = ("send_picture", json.dumps({"subject": "The lamp, lit."}))
    faces.openai.replies.append(Reply("", calls=(call,)))
    faces.openai.says("There.")

    await faces.alice.send(faces.lobby, "@Mirela send me a picture of the lamp")
    await nothing_due(sessions)

    assert answers(faces.lobby) == ["There.", LABEL]
    assert pictures(faces.lobby)[0].attachments[0].description == "The lamp, lit."


async def test_without_a_face_a_model_or_permission_it_is_said_before_anything_is_paid(
    faces: House, sessions: Sessions
) -> None:
    await invent(faces, faces.alice, "Zed")
    form = await faces.moderator.slash(faces.lobby, "server tools")
    faceless = await faces.alice.slash(faces.lobby, "imagine", personality="Zed", what="a gull")
    lewd = await faces.alice.slash(
        faces.lobby, "imagine", personality="Mirela", what="her naked, having sex"
    )
    await faces.alice.slash(faces.lobby, "memory incognito")
    hidden = await faces.alice.slash(faces.lobby, "imagine", personality="Mirela", what="a gull")
    await faces.alice.slash(faces.lobby, "memory incognito")
    await faces.moderator.submit_modal(form, {"tools": ["roll_dice"]})
    forbidden = await faces.alice.slash(faces.lobby, "imagine", personality="Mirela", what="a gull")

    assert "has no face that can be drawn" in content_of(faceless)
    assert "not allowed" in content_of(lewd)
    assert "incognito" in content_of(hidden)
    assert "Moderators" in content_of(forbidden)
    async with sessions() as session:
        assert (await session.scalars(select(LlmCall))).all() == []


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (Fate(status="failed", error="flagged as sensitive (E005)"), "declined"),
        (Fate(status="failed", error="CUDA out of memory"), "CUDA out of memory"),
    ],
)
async def test_a_picture_that_is_not_drawn_leaves_words_and_no_line(
    faces: House, sessions: Sessions, replicate: ReplicateStandIn, fate: Fate, words: str
) -> None:
    replicate.default = fate

    await faces.alice.slash(faces.lobby, "imagine", personality="Mirela", what="a gull")
    await nothing_due(sessions)

    last = faces.lobby.history()[-1]
    assert last.content.startswith("-# No picture: ")
    assert words in last.content
    async with sessions() as session:
        lines = await session.scalars(select(ConversationLine).where(ConversationLine.is_picture))
        assert lines.all() == []
        pictures = select(Job.status).where(Job.kind == "picture on request")
        assert {*(await session.scalars(pictures))} == {JobStatus.DONE}


async def test_its_owner_keeps_it_in_the_library(faces: House, sessions: Sessions) -> None:
    zed = await invent(faces, faces.alice, "Zed")
    await faces.alice.slash(
        faces.lobby, "personality avatar", personality="Zed", picture=("zed.png", face())
    )
    await faces.bob.slash(faces.lobby, "imagine", personality="Zed", what="a gull")
    await nothing_due(sessions)
    (picture,) = pictures(faces.lobby)

    panel = await faces.alice.click(picture, label="⋯")
    assert panel.response is not None
    kept = await faces.alice.click(panel.response.message, label="Keep in the library")
    of_bob = await faces.bob.click(picture, label="⋯")

    assert "in the library" in content_of(kept)
    assert buttons(of_bob) == ["Delete", "Why this reply?"]
    async with sessions() as session:
        photo = (await session.scalars(select(Photo))).one()
    assert (photo.personality_id, photo.is_ai_generated, photo.alt_text) == (zed.id, True, "a gull")


async def test_why_and_delete_of_a_picture(faces: House, sessions: Sessions) -> None:
    await faces.alice.slash(faces.lobby, "imagine", personality="Mirela", what="a gull")
    await nothing_due(sessions)
    panel = await faces.alice.click(pictures(faces.lobby)[0], label="⋯")
    assert panel.response is not None

    why = await faces.alice.click(panel.response.message, label="Why this reply?")
    await faces.alice.click(panel.response.message, label="Delete")

    assert embed(why).description == "a gull"
    assert fields(why) == {"Model": "`replicate/google/nano-banana`", "Cost": "$0.040000"}
    assert pictures(faces.lobby) == []


async def test_undo_takes_the_picture_along(faces: House, sessions: Sessions) -> None:
    await faces.alice.slash(faces.lobby, "imagine", personality="Mirela", what="a gull")
    await nothing_due(sessions)

    await faces.alice.slash(faces.lobby, "history undo")

    assert answers(faces.lobby) == []


async def test_in_a_dm_the_bot_sends_it(faces: House, sessions: Sessions) -> None:
    await faces.alice.user.send_dm("@Mirela hello")
    dm = faces.alice.user.dm_channel
    await faces.alice.user.slash("imagine", personality="Mirela", what="a gull")
    await nothing_due(sessions)

    (picture,) = pictures(dm)
    assert picture.content == f"**Mirela**\n{LABEL}"


async def test_a_budget_holds_for_pictures(faces: House, sessions: Sessions) -> None:
    await faces.boss.slash(faces.lobby, "budget set", scope="each user", dollars=0.02)

    await faces.alice.slash(faces.lobby, "imagine", personality="Mirela", what="a gull")
    await nothing_due(sessions)

    assert pictures(faces.lobby) == []
    assert faces.lobby.history()[-1].content.startswith("-# No picture: ")


async def test_the_tool_is_none_that_everybody_has(house: House) -> None:
    toolbox: Toolbox = house.services.toolbox

    assert "send_picture" not in toolbox.chosen(None)
